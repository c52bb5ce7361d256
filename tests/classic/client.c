/* A client as a student writes it from classic.h, naive on purpose: a SIGUSR1 that comes before pause() is lost, and it
   waits for ever. Leave it so. Usage: client SERVER_PID [N]; without N it asks how many, again and again. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "classic.h"

static volatile sig_atomic_t flag;

static void on_signal(int number)
{
    (void)number;
    flag = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void print(const struct answer *answer)
{
    int sum = 0;
    printf("%d values:", answer->count);
    for (int i = 0; i < answer->count; i++) {
        printf(" %d", answer->values[i]);
        sum += answer->values[i];
    }
    printf("\nsum %d, mean %.2f\n", sum, (float)sum / answer->count);
}

static void ask(int fifo1, int fifo2, pid_t server, int n)
{
    struct question question = {getpid(), n};
    struct answer answer;
    if (write(fifo1, &question, sizeof question) != sizeof question) die("write");
    flag = 0;
    pause();
    if (read(fifo2, &answer, sizeof answer) != sizeof answer) die("read");
    print(&answer);
    kill(server, SIGUSR1);
}

int main(int argc, char **argv)
{
    int n;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s SERVER_PID [N]\n", argv[0]);
        return 2;
    }
    int fifo1 = open(FIFO1, O_WRONLY);
    if (fifo1 < 0) die("fifo1");
    int fifo2 = open(FIFO2, O_RDONLY | O_NONBLOCK);
    if (fifo2 < 0) die("fifo2");
    fcntl(fifo2, F_SETFL, fcntl(fifo2, F_GETFL) & ~O_NONBLOCK);
    signal(SIGUSR1, on_signal);
    if (argc == 3) {
        ask(fifo1, fifo2, atoi(argv[1]), atoi(argv[2]));
        return 0;
    }
    while (printf("How many values? "), fflush(stdout), scanf("%d", &n) == 1) {
        ask(fifo1, fifo2, atoi(argv[1]), n);
    }
    return 0;
}
