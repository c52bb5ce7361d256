/* Clients that are not as the exercise wants them. Usage: odd MODE SERVER_PID N; the modes are in the table below. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "classic.h"

static volatile sig_atomic_t flag;
static int fifo1, fifo2 = -1, n;
static pid_t server;

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

static void be_killed(void)
{
    kill(getpid(), SIGKILL);
}

/* For those who are to live on until somebody ends them: no signal but SIGKILL and SIGTERM does. */
static void wait_for_ever(void)
{
    printf("waits\n");
    fflush(stdout);
    for (;;) pause();
}

static void open_fifo2(void)
{
    fifo2 = open(FIFO2, O_RDONLY | O_NONBLOCK);
    if (fifo2 < 0) die("fifo2");
    fcntl(fifo2, F_SETFL, fcntl(fifo2, F_GETFL) & ~O_NONBLOCK);
}

static void ask(void)
{
    struct question question = {getpid(), n};
    if (write(fifo1, &question, sizeof question) != sizeof question) die("write");
}

static void sleep_naively(void)
{
    flag = 0;
    pause();
}

static void get(void)
{
    struct answer answer;
    int sum = 0;
    if (read(fifo2, &answer, sizeof answer) != sizeof answer) die("read");
    printf("%d values:", answer.count);
    for (int i = 0; i < answer.count; i++) {
        printf(" %d", answer.values[i]);
        sum += answer.values[i];
    }
    printf("\nsum %d, mean %.2f\n", sum, (float)sum / answer.count);
}

static void acknowledge(void)
{
    kill(server, SIGUSR1);
}

static sigset_t just_sigusr1(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    return set;
}

static void block(void)
{
    sigset_t set = just_sigusr1();
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* --- modes: each begins with both FIFOs open and the handler installed, unless it is late --- */

static void killed_before_asking(void)
{
    be_killed();
}

static void killed_after_asking(void)
{
    ask();
    be_killed();
}

static void on_signal_be_killed(int number)
{
    (void)number;
    be_killed();
}

/* As soon as the signal comes, wherever it is. */
static void killed_by_waking(void)
{
    signal(SIGUSR1, on_signal_be_killed);
    ask();
    for (;;) pause();
}

static void killed_before_reading(void)
{
    ask();
    sleep_naively();
    be_killed();
}

static void killed_before_acknowledging(void)
{
    ask();
    sleep_naively();
    get();
    fflush(stdout);
    be_killed();
}

static void leaves(void)
{
    close(fifo2);
    ask();
}

static void never_acknowledges(void)
{
    ask();
    sleep_naively();
    get();
    wait_for_ever();
}

static void never_reads(void)
{
    ask();
    sleep_naively();
    wait_for_ever();
}

/* Its handler is gone after its first use, as one set by signal() is with -std=c99 or -ansi: a second signal ends it. */
static void handles_once(void)
{
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
    sigaction(SIGUSR1, &once, NULL);
    ask();
    sleep_naively();
    wait_for_ever();
}

/* Seven times, at that. */
static void never_reads_any(void)
{
    for (int i = 0; i < 7; i++) ask();
    wait_for_ever();
}

static void stops(void)
{
    ask();
    raise(SIGSTOP);
    sleep_naively();
    get();
    acknowledge();
}

static void waits_with_sigwait(void)
{
    sigset_t set = just_sigusr1();
    int number;
    signal(SIGUSR1, SIG_DFL);
    block();
    ask();
    sigwait(&set, &number);
    get();
    acknowledge();
}

static void waits_with_signalfd(void)
{
    sigset_t set = just_sigusr1();
    struct signalfd_siginfo info;
    signal(SIGUSR1, SIG_DFL);
    block();
    struct pollfd waited_for = {signalfd(-1, &set, SFD_CLOEXEC), POLLIN, 0};
    ask();
    if (poll(&waited_for, 1, -1) != 1 || read(waited_for.fd, &info, sizeof info) != sizeof info) die("signalfd");
    get();
    acknowledge();
}

static void is_busy(void)
{
    flag = 0;
    ask();
    while (!flag) continue;
    get();
    acknowledge();
}

/* It does not care for the signal; the handler restarts the read. */
static void reads(void)
{
    ask();
    get();
    acknowledge();
}

/* It finds its answer there when it wakes, or fails. */
static void is_nonblocking(void)
{
    fcntl(fifo2, F_SETFL, fcntl(fifo2, F_GETFL) | O_NONBLOCK);
    ask();
    sleep_naively();
    get();
    acknowledge();
}

static void opens_late(void)
{
    ask();
    open_fifo2();
    sleep_naively();
    get();
    acknowledge();
}

/* As if started by a process that has SIGUSR1 blocked: it never wakes. */
static void is_blocked(void)
{
    block();
    ask();
    sleep_naively();
}

static void *sleep_in_a_thread(void *runs)
{
    if (write(*(int *)runs, "r", 1) != 1) die("pipe");
    pause();
    return NULL;
}

/* The first thread has it blocked, the second has not: SIGUSR1 would kill both. */
static void is_blocked_in_one_thread(void)
{
    pthread_t other;
    int runs[2];
    char byte;
    signal(SIGUSR1, SIG_DFL);
    if (pipe(runs) || pthread_create(&other, NULL, sleep_in_a_thread, &runs[1])) die("thread");
    /* Until it runs the library has all signals blocked in it. */
    if (read(runs[0], &byte, 1) != 1) die("pipe");
    block();
    ask();
    wait_for_ever();
}

/* The signal is nothing to it. */
static void ignores(void)
{
    signal(SIGUSR1, SIG_IGN);
    ask();
    get();
    acknowledge();
}

/* SIGUSR1 would kill it. */
static void has_no_handler(void)
{
    signal(SIGUSR1, SIG_DFL);
    ask();
    wait_for_ever();
}

static void has_handler_late(void)
{
    signal(SIGUSR1, SIG_DFL);
    ask();
    signal(SIGUSR1, on_signal);
    sleep_naively();
    get();
    acknowledge();
}

static const struct {
    const char *name;
    void (*be)(void);
} modes[] = {
    {"killed-before-asking", killed_before_asking},
    {"killed-after-asking", killed_after_asking},
    {"killed-by-waking", killed_by_waking},
    {"killed-before-reading", killed_before_reading},
    {"killed-before-acknowledging", killed_before_acknowledging},
    {"leaves", leaves},
    {"never-acknowledges", never_acknowledges},
    {"never-reads", never_reads},
    {"never-reads-any", never_reads_any},
    {"handles-once", handles_once},
    {"stops", stops},
    {"sigwait", waits_with_sigwait},
    {"signalfd", waits_with_signalfd},
    {"busy", is_busy},
    {"reads", reads},
    {"ignores", ignores},
    {"nonblocking", is_nonblocking},
    {"opens-late", opens_late},
    {"handler-late", has_handler_late},
    {"no-handler", has_no_handler},
    {"blocked", is_blocked},
    {"blocked-in-one-thread", is_blocked_in_one_thread},
};

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    server = atoi(argv[2]);
    n = atoi(argv[3]);
    fifo1 = open(FIFO1, O_WRONLY);
    if (fifo1 < 0) die("fifo1");
    if (strcmp(argv[1], "opens-late")) open_fifo2();
    signal(SIGUSR1, on_signal);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(argv[1], modes[i].name)) {
            modes[i].be();
            return 0;
        }
    fprintf(stderr, "no mode %s\n", argv[1]);
    return 2;
}
