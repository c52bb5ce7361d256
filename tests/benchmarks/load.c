/* Load for a FIFO server: some clients, each with a reply FIFO of its own and some requests in flight.
   Prints one line of JSON: how many replies a second, and how long they took. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "latencies.h"
#include "requests.h"

enum { READ = 1 << 16 };

struct wish { struct client *client; int id; };

static struct client *clients;
static struct wish *queue;
static size_t queued, queue_at;
static int requests, is_blocked, poller = -1;
static const char *replies_path;
static uint64_t measure_from, measure_to, errors, bytes_read;
static char first_error[KEEP], buffer[READ];

static void clean_up(void)
{
    char path[4200];
    for (int i = 0; clients && i < want.clients; i++) {
        if (!clients[i].name[0]) continue;
        snprintf(path, sizeof path, "%s/%s", replies_path, clients[i].name);
        unlink(path);
    }
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- clients and requests --- */

static void make_client(struct client *c)
{
    unsigned char secret[16];
    char path[4200];
    if (getrandom(secret, sizeof secret, 0) != sizeof secret) die("getrandom");
    for (int i = 0; i < 16; i++) sprintf(c->name + 2 * i, "%02x", secret[i]);
    snprintf(path, sizeof path, "%s/%s", replies_path, c->name);
    if (mkfifo(path, 0620)) die(path);
    /* O_RDWR: a server that closes its end after each reply must not look like an end of file. */
    c->fd = open(path, O_RDWR | (poller >= 0 ? O_NONBLOCK : 0));
    c->started = calloc(want.in_flight, sizeof *c->started);
    if (c->fd < 0 || !c->started) die(path);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (poller >= 0 && epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
}

static int send_request(const struct client *c, int id)
{
    char line[512];
    int size = format(line, sizeof line, c, id);
    if (write(requests, line, size) == size) return 1;
    if (errno != EAGAIN) die("write");
    return 0;
}

static void on_reply(struct client *c, int id)
{
    uint64_t end = now();
    if (end >= measure_from && end <= measure_to) count_latency(end - c->started[id]);
}

/* --- replies --- */

static void on_line(struct client *c)
{
    int id = 0;
    if (strncmp(c->line, "{\"jsonrpc\":\"2.0\",\"error\"", 24) == 0 && errors++ == 0) {
        c->line[c->size < KEEP ? c->size : KEEP - 1] = 0;
        strcpy(first_error, c->line);
    }
    const char *at = c->tail + sizeof c->tail - 2;
    for (int unit = 1; *at >= '0' && *at <= '9'; at--, unit *= 10) id += unit * (*at - '0');
    if (id >= want.in_flight) die("a reply to no request");
    c->size = 0;
    on_reply(c, id);
    queue[(queue_at + queued++) % (want.clients * want.in_flight)] = (struct wish){c, id};
}

static void keep(struct client *c, const char *data, size_t size)
{
    if (c->size < KEEP) memcpy(c->line + c->size, data, size < KEEP - c->size ? size : KEEP - c->size);
    c->size += size;
    size_t kept = sizeof c->tail, fresh = size < kept ? size : kept;
    memmove(c->tail, c->tail + fresh, kept - fresh);
    memcpy(c->tail + kept - fresh, data + size - fresh, fresh);
}

static void take_lines(struct client *c, const char *data, size_t size)
{
    const char *end = data + size, *newline;
    while ((newline = memchr(data, '\n', end - data))) {
        keep(c, data, newline - data);
        on_line(c);
        data = newline + 1;
    }
    keep(c, data, end - data);
}

static void take_answers(struct client *c, const char *data, size_t size)
{
    size_t whole = sizeof(int) * (2 + want.n);
    for (; size >= whole; data += whole, size -= whole) {
        int id = *(const int *)data;
        on_reply(c, id);
        queue[(queue_at + queued++) % (want.clients * want.in_flight)] = (struct wish){c, id};
    }
    if (size) die("a part of an answer");
}

static void take(struct client *c)
{
    ssize_t size = read(c->fd, buffer, want.textbook ? READ / (8 + 4 * want.n) * (8 + 4 * want.n) : READ);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) die("read");
    bytes_read += size;
    if (want.textbook) take_answers(c, buffer, size);
    else take_lines(c, buffer, size);
}

/* --- the two ways to wait --- */

static void watch_requests(int blocked)
{
    struct epoll_event event = {.events = blocked ? EPOLLOUT : 0, .data.ptr = NULL};
    if (blocked != is_blocked && epoll_ctl(poller, EPOLL_CTL_MOD, requests, &event)) die("epoll_ctl");
    is_blocked = blocked;
}

static void send_queued(void)
{
    while (queued) {
        struct wish next = queue[queue_at];
        if (!next.client->started[next.id]) next.client->started[next.id] = now();
        if (!send_request(next.client, next.id)) break;
        queue_at = (queue_at + 1) % (want.clients * want.in_flight);
        queued--;
    }
    watch_requests(queued > 0);
}

static void run_many(void)
{
    struct epoll_event events[256];
    uint64_t sent_all = (uint64_t)want.clients * want.in_flight;
    while (now() < measure_to) {
        send_queued();
        int found = epoll_wait(poller, events, 256, 1000);
        for (int i = 0; i < found; i++) {
            if (!events[i].data.ptr) continue;
            size_t first = queued;
            take(events[i].data.ptr);
            /* Latency counts from when the request could have gone out, not from when the FIFO took it. */
            for (size_t k = first; k < queued; k++) {
                struct wish *w = &queue[(queue_at + k) % sent_all];
                w->client->started[w->id] = now();
            }
        }
    }
    /* What is under way is waited for, so that the server is quiet afterwards. */
    while (queued < sent_all) {
        int found = epoll_wait(poller, events, 256, 5000);
        if (found <= 0) die("no reply for five seconds");
        for (int i = 0; i < found; i++)
            if (events[i].data.ptr) take(events[i].data.ptr);
    }
}

/* The textbook's client opens its FIFO for each reply too: the two wait for each other in open(). */
static void take_reopened(struct client *c)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", replies_path, c->name);
    if ((c->fd = open(path, O_RDONLY)) < 0) die(path);
    ssize_t size;
    while ((size = read(c->fd, buffer, READ)) == 0) {
        /* The end of the reply before. The new descriptor comes first: with the last one goes what is in the FIFO. It must
           not wait for a writer, who may have come and gone; poll tells when there is something. */
        int former = c->fd;
        if ((c->fd = open(path, O_RDONLY | O_NONBLOCK)) < 0) die(path);
        close(former);
        struct pollfd until = {.fd = c->fd, .events = POLLIN};
        poll(&until, 1, 10000);
    }
    if (size < 0) die("read");
    close(c->fd);
    take_answers(c, buffer, size);
}

static void run_one(void)
{
    /* A reply that takes longer than the time there is counts all the same. */
    uint64_t stop = measure_to;
    measure_to = UINT64_MAX;
    if (want.reopen) close(clients->fd);
    while (now() < stop) {
        uint64_t start = clients->started[0] = now();
        queued = 0;
        send_request(clients, 0);
        while (!queued && want.reopen) take_reopened(clients);
        while (!queued) take(clients);
        if (want.pace) {
            struct timespec until = {(start + want.pace) / 1000000000, (start + want.pace) % 1000000000};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        }
    }
}

static void prepare(const char *requests_path)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int is_one = want.clients == 1 && want.in_flight == 1;
    if (want.uid && setresuid(want.uid, want.uid, want.uid)) die("setresuid");
    if (!is_one && (poller = epoll_create1(0)) < 0) die("epoll_create1");
    requests = open(requests_path, O_WRONLY | (is_one ? 0 : O_NONBLOCK));
    if (requests < 0) die(requests_path);
    struct epoll_event event = {.events = 0, .data.ptr = NULL};
    if (!is_one && epoll_ctl(poller, EPOLL_CTL_ADD, requests, &event)) die("epoll_ctl");
    if (getrandom(&key_start, sizeof key_start, 0) != sizeof key_start) die("getrandom");
    clients = calloc(want.clients, sizeof *clients);
    queue = calloc(want.clients * want.in_flight, sizeof *queue);
    if (!clients || !queue) die("calloc");
    atexit(clean_up);
    for (int i = 0; i < want.clients; i++) make_client(&clients[i]);
    for (int id = 0; !is_one && id < want.in_flight; id++)
        for (int i = 0; i < want.clients; i++) queue[queued++] = (struct wish){&clients[i], id};
}

static void print_results(void)
{
    printf("{\"replies\":%lu,\"seconds\":%.4f,\"rate\":%.1f,\"mean\":%.0f,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,"
           "\"errors\":%lu,\"bytes\":%lu}\n",
           counted, want.seconds, counted / want.seconds, counted ? (double)latency_sum / counted : 0, quantile(0.5), quantile(0.99),
           quantile(0.999), errors, bytes_read);
    if (errors) fprintf(stderr, "load: %lu errors, the first: %s\n", errors, first_error);
}

int main(int argc, char **argv)
{
    want.clients = want.in_flight = 1;
    want.n = 5;
    want.max = 100;
    want.seconds = 1;
    want.warm_up = 0.2;
    for (int option; (option = getopt(argc, argv, "tokdc:f:n:m:s:w:p:u:")) >= 0;) {
        if (option == 't') want.textbook = 1;
        else if (option == 'o') want.reopen = 1;
        else if (option == 'k') want.keys = 1;
        else if (option == 'd') want.distinct = 1;
        else if (option == 'c') want.clients = atoi(optarg);
        else if (option == 'f') want.in_flight = atoi(optarg);
        else if (option == 'n') want.n = atoi(optarg);
        else if (option == 'm') want.max = atoi(optarg);
        else if (option == 's') want.seconds = atof(optarg);
        else if (option == 'w') want.warm_up = atof(optarg);
        else if (option == 'p') want.pace = atol(optarg) * 1000;
        else if (option == 'u') want.uid = atoi(optarg);
        else return 64;
    }
    if (argc - optind != 2 || want.clients < 1 || want.in_flight < 1 || (want.textbook && want.n > MOST)) return 64;
    replies_path = argv[optind + 1];
    /* A server that never answers must not keep anybody waiting; the FIFOs are removed with their directory then. */
    alarm(20 + want.seconds + want.warm_up);
    prepare(argv[optind]);
    measure_from = now() + want.warm_up * 1e9;
    measure_to = measure_from + want.seconds * 1e9;
    if (poller < 0) run_one();
    else run_many();
    print_results();
    return errors > 0;
}
