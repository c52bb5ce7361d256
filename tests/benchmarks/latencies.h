/* A clock, and how often each latency came: in buckets 1/32 of their size wide, which is exact enough and needs no memory
   for each. */
#include <stdint.h>
#include <time.h>

enum { STEPS = 32, BUCKETS = 64 * STEPS };

static uint64_t buckets[BUCKETS], counted, latency_sum;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int bucket(uint64_t ns)
{
    if (ns < STEPS) return ns;
    int power = 63 - __builtin_clzll(ns);
    return (power - 4) * STEPS + (ns >> (power - 5)) - STEPS;
}

static double bucket_start(int index)
{
    if (index < STEPS) return index;
    return (double)(STEPS + index % STEPS) * (1ull << (index / STEPS - 1));
}

static void count_latency(uint64_t ns)
{
    counted++;
    latency_sum += ns;
    buckets[bucket(ns)]++;
}

static double quantile(double share)
{
    uint64_t seen = 0, wanted = share * counted;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += buckets[i]) > wanted) return (bucket_start(i) + bucket_start(i + 1)) / 2;
    return 0;
}
