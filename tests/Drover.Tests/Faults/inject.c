// Runs commands again and again, each time with another call that fails, and tells which end badly.
//   inject LIBRARY PART PARTS <COMMANDS
// A line of COMMANDS is a program and its arguments, separated by blanks. The program is run once to count its calls,
// then for each call and each errno. "files OLD WORK: " before a command: it writes into the directory WORK, a copy of
// OLD; afterwards each file is the old one or the one of the run without a fault. "script: ": it preloads $FAULT_LIBRARY
// itself.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_SECONDS = 60, MAX_WORDS = 32 };

static const struct {
    const char *name;
    int errors[8];
} faults[] = {
    { "open", { EACCES, EMFILE, ENFILE, ENOENT, EIO, EINTR, ENOMEM } },
    { "read", { EIO, EINTR, EISDIR, ENOMEM } },
    { "mmap", { ENOMEM, EAGAIN } },
    { "pthread_create", { EAGAIN } },
    { "socket", { EMFILE, EACCES, ENOBUFS, EAFNOSUPPORT } },
    { "rename", { EACCES, ENOSPC, EROFS, EXDEV } },
    { "write", { ENOSPC, EIO, EINTR, EPIPE, EDQUOT } },
    { "epoll_ctl", { ENOSPC, ENOMEM } },
};

static const char *library;
static char said[65536];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

// The wait status; -1 after the deadline. What the program prints is in "said".
static int run(char **words, const char *fault, int is_script)
{
    int pipes[2], status, length = 0;
    if (pipe2(pipes, O_CLOEXEC))
        abort();
    pid_t child = fork();
    if (!child) {
        setpgid(0, 0);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        setenv("FAULT_LIBRARY", library, 1);
        if (fault)
            setenv("FAULT", fault, 1);
        if (!is_script)
            setenv("LD_PRELOAD", library, 1);
        execvp(words[0], words);
        _exit(126);
    }
    close(pipes[1]);
    double end = now() + DEADLINE_SECONDS;
    int late = 0;
    for (;;) {
        struct pollfd ready = { pipes[0], POLLIN, 0 };
        double left = end - now();
        if (left <= 0 || poll(&ready, 1, left * 1000 + 1) == 0) {
            late = 1;
            break;
        }
        char rest[4096];
        int room = sizeof said - 1 - length;
        int count = read(pipes[0], room > 0 ? said + length : rest, room > 0 ? room : (int)sizeof rest);
        if (count <= 0)
            break;
        length += room > 0 ? count : 0;
    }
    said[length] = 0;
    close(pipes[0]);
    if (late)
        kill(-child, SIGKILL);
    waitpid(child, &status, 0);
    return late ? -1 : status;
}

static int same(const char *a, const char *b)
{
    int x = open(a, O_RDONLY), y = open(b, O_RDONLY), equal = x >= 0 && y >= 0, n, m;
    char p[4096], q[4096];
    while (equal && ((n = read(x, p, sizeof p)) | (m = read(y, q, sizeof q))) > 0)
        equal = n == m && !memcmp(p, q, n);
    close(x);
    close(y);
    return equal;
}

// The name of a file of "work" that is neither the old nor the new one; null if there is none.
static const char *torn(const char *old, const char *work, const char *new)
{
    static char name[256];
    char a[4096], b[4096], c[4096];
    DIR *directory = opendir(work);
    struct dirent *entry;
    const char *found = NULL;
    while (!found && (entry = readdir(directory))) {
        if (entry->d_type != DT_REG)
            continue;
        snprintf(a, sizeof a, "%s/%s", work, entry->d_name);
        snprintf(b, sizeof b, "%s/%s", old, entry->d_name);
        snprintf(c, sizeof c, "%s/%s", new, entry->d_name);
        if (!same(a, b) && !same(a, c))
            found = strcpy(name, entry->d_name);
    }
    closedir(directory);
    return found;
}

static void copy(const char *from, const char *to)
{
    char command[8300];
    snprintf(command, sizeof command, "rm -rf %s; cp -a %s %s", to, from, to);
    if (system(command))
        abort();
}

int main(int argc, char **argv)
{
    char line[4096], old[1024], work[1024], new[1100], count_file[64], fault[64];
    long runs = 0, bad = 0;
    if (argc != 4)
        return 2;
    int part = atoi(argv[2]), parts = atoi(argv[3]), number = 0;
    library = argv[1];
    snprintf(count_file, sizeof count_file, "/tmp/drover-calls-%d", getpid());
    while (fgets(line, sizeof line, stdin)) {
        char *words[MAX_WORDS + 1], *command = line, whole[4096];
        int at = 0, n = 0, writes = 0, is_script = 0;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "files %1023s %1023[^:]: %n", old, work, &at) == 2 && at) {
            writes = 1;
            command += at;
            snprintf(new, sizeof new, "%s.new", work);
        } else if (!strncmp(line, "script: ", 8)) {
            is_script = 1;
            command += 8;
        }
        strcpy(whole, command);
        for (char *word = strtok(command, " "); word && n < MAX_WORDS; word = strtok(NULL, " "))
            words[n++] = word;
        words[n] = NULL;
        if (writes)
            copy(old, work);
        setenv("FAULT_COUNT", count_file, 1);
        int status = run(words, NULL, is_script);
        unsetenv("FAULT_COUNT");
        if (status < 0 || !WIFEXITED(status)) {
            printf("BAD %s: without a fault it ends with %d: %s\n", whole, status, said);
            bad++;
            continue;
        }
        if (writes)
            copy(work, new);
        int calls[sizeof faults / sizeof *faults] = { 0 };
        FILE *counts = fopen(count_file, "r");
        for (unsigned i = 0; counts && i < sizeof faults / sizeof *faults; i++)
            if (fscanf(counts, "%*s %d", &calls[i]) != 1)
                calls[i] = 0;
        if (!counts || (fclose(counts), !calls[0])) {
            printf("BAD %s: its calls are not counted: %s\n", whole, said);
            bad++;
            continue;
        }
        for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
            for (int error = 0; error < 8 && faults[i].errors[error]; error++)
                for (int call = 1; call <= calls[i]; call++) {
                    if (number++ % parts != part)
                        continue;
                    snprintf(fault, sizeof fault, "%s:%d:%d", faults[i].name, call, faults[i].errors[error]);
                    if (writes)
                        copy(old, work);
                    status = run(words, fault, is_script);
                    runs++;
                    const char *why = status < 0 ? "hangs"
                        : WIFSIGNALED(status) ? "is ended by a signal"
                        : WEXITSTATUS(status) > 2 ? "ends with a strange status"
                        : strstr(said, "Unhandled") || strstr(said, "   at ") ? "prints a stack trace"
                        : WEXITSTATUS(status) && !*said && faults[i].errors[error] != EPIPE ? "says nothing"
                        : writes && torn(old, work, new) ? "leaves a torn file" : NULL;
                    if (!why)
                        continue;
                    bad++;
                    said[400] = 0;
                    printf("BAD FAULT=%s %s: it %s (%d): %s\n", fault, whole, why, status, said);
                }
    }
    unlink(count_file);
    printf("%ld runs, %ld bad\n", runs, bad);
    return bad != 0;
}
