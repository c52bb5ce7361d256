/* What the exercise's server and clients agree upon: a question goes through fifo1, its answer comes through fifo2 and is
   announced by SIGUSR1, and SIGUSR1 to the server acknowledges it. Both structures travel as they lie in memory. */
#ifndef CLASSIC_H
#define CLASSIC_H

#include <stdlib.h>
#include <sys/types.h>

enum { MOST = 100 };

struct question {
    pid_t pid; /* who asks */
    int n;     /* how many values, 1 to MOST */
};

struct answer {
    int count;        /* how many of the values count */
    int values[MOST]; /* each from 1 to 100 */
};

/* The exercise has the names themselves here. Tests must not use those in /tmp. */
static const char *path_of(const char *variable, const char *usual)
{
    const char *path = getenv(variable);
    return path ? path : usual;
}

#define FIFO1 path_of("FIFOD_CLASSIC_FIFO1", "/tmp/fifo1")
#define FIFO2 path_of("FIFOD_CLASSIC_FIFO2", "/tmp/fifo2")

#endif
