/* Starts many clients, because Python would be slower than they are.
   Usage: driver AT_A_TIME COUNT DEADLINE_MS HOGS MOST_HUNG COMMAND [ARGUMENT]...
   Runs COMMAND so often, each time with another number from 1 to 100 as its last argument, while HOGS processes keep the
   processor busy. Prints a line for each run: pid, number, how it ended (exit status, minus the signal, or "hung", and
   then it is killed), nanoseconds from its start to its end, and what it printed, in one line. After MOST_HUNG that hung in a row it
   starts no more. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_AT_A_TIME = 256, OUTPUT = 4096, MOST_ARGUMENTS = 8 };

extern char **environ;

static struct run {
    pid_t pid;
    int number;
    int64_t start;
    size_t length;
    char output[OUTPUT];
} runs[MOST_AT_A_TIME];
static struct pollfd outputs[MOST_AT_A_TIME];
static int running, hung_in_a_row;
static int64_t deadline;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void keep_busy(int hogs)
{
    pid_t parent = getpid();
    for (int i = 0; i < hogs; i++) {
        pid_t hog = fork();
        if (hog < 0) die("fork");
        if (hog > 0) continue;
        /* They end with the driver, whatever it ends by. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        for (volatile uint64_t turns = 0;; turns++) continue;
    }
}

/* What the driver inherited is not the client's business: no signal is blocked, SIGUSR1 is as it was made. */
static void start(char **command, int number)
{
    struct run *run = &runs[running];
    char digits[12], *arguments[MOST_ARGUMENTS + 2];
    int ends[2], count = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGUSR1);
    for (; command[count] && count < MOST_ARGUMENTS; count++) arguments[count] = command[count];
    snprintf(digits, sizeof digits, "%d", number);
    arguments[count] = digits;
    arguments[count + 1] = NULL;
    if (pipe2(ends, O_CLOEXEC)) die("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    run->start = now();
    run->number = number;
    run->length = 0;
    if (posix_spawn(&run->pid, arguments[0], &actions, &attributes, arguments, environ)) die(arguments[0]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    outputs[running++] = (struct pollfd){ends[0], POLLIN, 0};
}

static void print(const struct run *run, int status, int is_hung)
{
    printf("%d %d ", run->pid, run->number);
    if (is_hung)
        printf("hung");
    else
        printf("%d", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    printf(" %lld ", (long long)(now() - run->start));
    for (size_t i = 0; i < run->length; i++)
        if (run->output[i] == '\n')
            printf("\\n");
        else
            putchar(run->output[i]);
    putchar('\n');
}

static void end(int index, int is_hung)
{
    int status;
    if (is_hung) kill(runs[index].pid, SIGKILL);
    if (waitpid(runs[index].pid, &status, 0) < 0) die("waitpid");
    hung_in_a_row = is_hung ? hung_in_a_row + 1 : 0;
    print(&runs[index], status, is_hung);
    close(outputs[index].fd);
    running--;
    if (index == running) return;
    runs[index] = runs[running];
    outputs[index] = outputs[running];
}

/* Returns whether there may be more to come. */
static int take_output(int index)
{
    struct run *run = &runs[index];
    ssize_t got = read(outputs[index].fd, run->output + run->length, OUTPUT - run->length);
    if (got > 0) run->length += got;
    return got > 0;
}

static void wait_for_some(void)
{
    int64_t first = INT64_MAX;
    for (int i = 0; i < running; i++)
        if (runs[i].start < first) first = runs[i].start;
    int64_t left = first + deadline - now();
    poll(outputs, running, left > 0 ? left / 1000000 + 1 : 0);
    for (int i = running - 1; i >= 0; i--) {
        if (outputs[i].revents && !take_output(i))
            end(i, 0);
        else if (now() - runs[i].start >= deadline)
            end(i, 1);
    }
}

int main(int argc, char **argv)
{
    if (argc < 7) return 2;
    int at_a_time = atoi(argv[1]), count = atoi(argv[2]), most_hung = atoi(argv[5]), started = 0;
    deadline = atoll(argv[3]) * 1000000;
    if (at_a_time < 1 || at_a_time > MOST_AT_A_TIME) return 2;
    keep_busy(atoi(argv[4]));
    while (started < count || running) {
        int gives_up = hung_in_a_row >= most_hung;
        if (gives_up && !running) break;
        while (!gives_up && started < count && running < at_a_time) start(argv + 6, started++ % 100 + 1);
        wait_for_some();
    }
    return 0;
}
