/* The runtime ends with status 255 and no message where it cannot start: its finalizer needs a thread, its heap memory.
   Managed code never returns -1. */
#include <fcntl.h>
#include <unistd.h>

int __real_main(int argc, char **argv);

int __wrap_main(int argc, char **argv)
{
    static const char why[] = "drover: the program cannot start: the system has no thread or memory left for it\n";
    /* a closed standard stream would become the first file that is opened; so it is one that cannot be written */
    int file;
    do
        file = open("/dev/null", O_RDONLY);
    while (file >= 0 && file <= STDERR_FILENO);
    close(file);
    int status = __real_main(argc, argv);
    if (status != -1)
        return status;
    ssize_t written = write(STDERR_FILENO, why, sizeof why - 1);
    (void)written;
    return 1;
}
