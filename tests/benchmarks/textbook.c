/* The textbook server: opens the client's FIFO for each reply and records nothing. Usage: textbook REQUESTS REPLIES */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "textbook.h"

int main(int argc, char **argv)
{
    struct question q;
    struct answer a;
    char path[4096];
    if (argc != 3 || mkfifo(argv[1], 0622)) return 1;
    signal(SIGPIPE, SIG_IGN);
    int requests = open(argv[1], O_RDWR);
    while (read(requests, &q, sizeof q) == sizeof q) {
        if (q.n < 1 || q.n > MOST || q.max < q.min) continue;
        a.id = q.id;
        a.n = q.n;
        for (int i = 0; i < q.n; i++) a.values[i] = q.min + rand() % (q.max - q.min + 1);
        snprintf(path, sizeof path, "%s/%.36s", argv[2], q.fifo);
        int reply = open(path, O_WRONLY);
        if (reply < 0) continue;
        if (write(reply, &a, sizeof(int) * (2 + q.n)) < 0) perror("textbook");
        close(reply);
    }
    return 1;
}
