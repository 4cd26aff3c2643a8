// Preloaded: makes one call of a program fail, and answers for a kernel that loads every module.
//   FAULT=CALL:N:ERRNO   the N-th CALL fails with that errno; CALL:N+:ERRNO: that one and all after it
//   FAULT_COUNT=FILE     at the end, the number of calls of each kind
//   NO_FINIT_MODULE=FILE the kernel has no such call; what init_module is given goes to the file
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { OPEN, READ, MMAP, THREAD, SOCKET, RENAME, WRITE, EPOLL, CALLS };
static const char *const names[CALLS] = {
    "open", "read", "mmap", "pthread_create", "socket", "rename", "write", "epoll_ctl",
};
static int counts[CALLS], fault = -2, at, on, error;

static void parse(void)
{
    char name[32], *text = getenv("FAULT");
    fault = -1;
    if (!text || sscanf(text, "%31[^:]:%d", name, &at) != 2)
        return;
    on = strchr(text, '+') != NULL;
    error = atoi(strrchr(text, ':') + 1);
    for (int i = 0; i < CALLS; i++)
        if (!strcmp(name, names[i]))
            fault = i;
}

static int fails(enum call call)
{
    if (fault == -2)
        parse();
    int n = __sync_add_and_fetch(&counts[call], 1);
    return (int)call == fault && (n == at || (on && n > at));
}

__attribute__((destructor)) static void report(void)
{
    char text[256];
    int length = 0, file;
    const char *path = getenv("FAULT_COUNT");
    if (!path || (file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0)
        return;
    for (int i = 0; i < CALLS; i++)
        length += snprintf(text + length, sizeof text - length, "%s %d\n", names[i], counts[i]);
    syscall(SYS_write, file, text, length);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(call, result) do { if (fails(call)) { errno = error; return result; } } while (0)

#define OPEN_FUNCTION(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list rest; \
        va_start(rest, flags); \
        int mode = va_arg(rest, int); \
        va_end(rest); \
        FAIL(OPEN, -1); \
        return NEXT(name)(path, flags, mode); \
    }
OPEN_FUNCTION(open)
OPEN_FUNCTION(open64)

int openat(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    FAIL(OPEN, -1);
    return NEXT(openat)(directory, path, flags, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    FAIL(OPEN, NULL);
    return NEXT(fopen64)(path, mode);
}

// An eventfd or a pipe of the program's own threads: of all errors only EINTR can happen there.
static int is_internal(int file)
{
    struct stat of;
    return file > STDERR_FILENO && !fstat(file, &of) && (!(of.st_mode & S_IFMT) || S_ISFIFO(of.st_mode));
}

ssize_t read(int file, void *to, size_t bytes)
{
    if (fails(READ) && (error == EINTR || !is_internal(file))) {
        errno = error;
        return -1;
    }
    return NEXT(read)(file, to, bytes);
}

ssize_t pread(int file, void *to, size_t bytes, off_t offset)
{
    FAIL(READ, -1);
    return NEXT(pread)(file, to, bytes, offset);
}

ssize_t pread64(int file, void *to, size_t bytes, off64_t offset)
{
    FAIL(READ, -1);
    return NEXT(pread64)(file, to, bytes, offset);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off64_t offset)
{
    enum { GC_TABLES = 3 }; // .NET's runtime crashes at its start when it gets no memory for them
    if (fails(MMAP) && counts[MMAP] != GC_TABLES) {
        errno = error;
        return MAP_FAILED;
    }
    return NEXT(mmap64)(address, bytes, protection, flags, file, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument)
{
    if (fails(THREAD))
        return error;
    return NEXT(pthread_create)(thread, attributes, body, argument);
}

int socket(int domain, int type, int protocol)
{
    FAIL(SOCKET, -1);
    return NEXT(socket)(domain, type, protocol);
}

int rename(const char *from, const char *to)
{
    FAIL(RENAME, -1);
    return NEXT(rename)(from, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    FAIL(RENAME, -1);
    return NEXT(renameat)(from_directory, from, to_directory, to);
}

// A message that cannot be written is lost in any case.
ssize_t write(int file, const void *from, size_t bytes)
{
    if (file != STDERR_FILENO && fails(WRITE) && (error == EINTR || !is_internal(file))) {
        errno = error;
        return -1;
    }
    return NEXT(write)(file, from, bytes);
}

ssize_t pwrite(int file, const void *from, size_t bytes, off_t offset)
{
    FAIL(WRITE, -1);
    return NEXT(pwrite)(file, from, bytes, offset);
}

ssize_t pwrite64(int file, const void *from, size_t bytes, off64_t offset)
{
    FAIL(WRITE, -1);
    return NEXT(pwrite64)(file, from, bytes, offset);
}

// Only an addition can fail.
int epoll_ctl(int set, int operation, int file, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD)
        FAIL(EPOLL, -1);
    return NEXT(epoll_ctl)(set, operation, file, event);
}

// Writes the image of an init_module and its parameters.
static void keep(const char *path, const void *image, size_t bytes, const char *parameters)
{
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    syscall(SYS_write, file, image, bytes);
    syscall(SYS_write, file, parameters, strlen(parameters));
    syscall(SYS_close, file);
}

long syscall(long number, ...)
{
    va_list rest;
    long a[6];
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    const char *no_finit_module = getenv("NO_FINIT_MODULE");
    switch (number) {
    case SYS_finit_module:
        errno = ENOSYS;
        return no_finit_module ? -1 : 0;
    case SYS_init_module:
        if (no_finit_module)
            keep(no_finit_module, (void *)a[0], a[1], (char *)a[2]);
        return 0;
    case SYS_delete_module:
        if (a[0])
            return 0;
        errno = EFAULT; // what a kernel with modules says to no name
        return -1;
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
