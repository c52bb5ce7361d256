/* What load.c asks for, its clients, and how their requests look to either server. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "textbook.h"

enum { KEEP = 160 };

static struct { int clients, in_flight, n, max, textbook, reopen, keys, distinct, uid; double seconds, warm_up; long pace; } want;
static uint64_t key_start, key_number;

struct client {
    int fd;
    char name[33];
    uint64_t *started;         /* of each request in flight */
    char line[KEEP];           /* how the present reply begins */
    char tail[16];             /* and how it ends */
    size_t size;
};

static int format(char *out, size_t room, const struct client *c, int id)
{
    char key[64] = "";
    if (want.textbook) {
        struct question q = {.id = id, .n = want.n, .min = 1, .max = want.max};
        memcpy(q.fifo, c->name, sizeof c->name);
        memcpy(out, &q, sizeof q);
        return sizeof q;
    }
    if (want.keys) sprintf(key, ",\"key\":\"%016lx%016lx\"", key_start, key_number++);
    return snprintf(out, room,
                    "\n{\"jsonrpc\":\"2.0\",\"method\":\"generateIntegers\",\"params\":{\"n\":%d,\"min\":1,\"max\":%d%s},"
                    "\"id\":%d,\"reply\":\"%s\"%s}\n",
                    want.n, want.max, want.distinct ? ",\"replacement\":false" : "", id, c->name, key);
}
