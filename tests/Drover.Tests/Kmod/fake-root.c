// Leads a program that asks for /proc, /sys or /lib/modules to the same path below $FAKE_ROOT.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *lead(const char *path, char to[4096])
{
    const char *root = getenv("FAKE_ROOT");
    if (!root || (strncmp(path, "/proc/", 6) && strncmp(path, "/sys/", 5) && strncmp(path, "/lib/modules/", 13)))
        return path;
    snprintf(to, 4096, "%s%s", root, path);
    return to;
}

FILE *fopen(const char *path, const char *mode)
{
    char to[4096];
    FILE *(*next)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen");
    return next(lead(path, to), mode);
}

// what kmod calls since 34, with a 64-bit off_t on every architecture
FILE *fopen64(const char *, const char *) __attribute__((alias("fopen")));

int open(const char *path, int flags, ...)
{
    char to[4096];
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    return next(lead(path, to), flags, mode);
}

int open64(const char *, int, ...) __attribute__((alias("open")));

DIR *opendir(const char *path)
{
    char to[4096];
    DIR *(*next)(const char *) = dlsym(RTLD_NEXT, "opendir");
    return next(lead(path, to));
}
