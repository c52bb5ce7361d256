/* The server that a student writes from classic.h, for comparison, with its faults. Leave them.
   - It reads fifo1 O_RDONLY: at the end of the file, when the last client has left, it spins.
   - It writes to fifo2 without a thought to SIGPIPE: when the client has left, it dies, or the next client gets the answer.
   - It signals at once, when the client may not be in pause() yet; and whatever pid is given: 0 and -1 are many processes.
   - It resets its flag after the signal and waits in pause(): an acknowledgement that was quicker is lost, and one that
     never comes is waited for.
   The one liberty: several processes at once are signalled only if it is called with "everybody", in a pid namespace. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
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

static void answer_it(int fifo2, const struct question *question, int may_signal_many)
{
    struct answer answer;
    answer.count = question->n;
    for (int i = 0; i < question->n; i++) answer.values[i] = rand() % 100 + 1;
    if (write(fifo2, &answer, sizeof answer) != sizeof answer) die("write");
    if (question->pid <= 1 && !may_signal_many) exit(99);
    kill(question->pid, SIGUSR1);
    flag = 0;
    pause();
}

int main(int argc, char **argv)
{
    struct question question;
    int may_signal_many = argc == 2 && !strcmp(argv[1], "everybody");
    if (mkfifo(FIFO1, 0600) || mkfifo(FIFO2, 0600)) die("mkfifo");
    srand(time(NULL));
    signal(SIGUSR1, on_signal);
    printf("use: client %d\n", getpid());
    fflush(stdout);
    int fifo1 = open(FIFO1, O_RDONLY);
    int fifo2 = open(FIFO2, O_WRONLY);
    if (fifo1 < 0 || fifo2 < 0) die("open");
    for (;;) {
        if (read(fifo1, &question, sizeof question) != sizeof question) continue;
        if (question.n >= 1 && question.n <= MOST) answer_it(fifo2, &question, may_signal_many);
    }
}
