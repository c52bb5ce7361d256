/* What travels between the textbook server and its clients. */
enum { MOST = 100 };

struct question {
    char fifo[36];
    int id, n, min, max;
};

struct answer {
    int id, n, values[MOST];
};
