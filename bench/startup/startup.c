/*
 * startup RUNS COMMAND [ARG…] [-- COMMAND [ARG…]]…
 *
 * Whole-process wall time of each command, from before vfork to after wait; output is discarded.
 * The commands take turns, so that a disturbance of the machine affects all of them alike.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_COMMANDS = 32 };

extern char **environ;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

int main(int argc, char **argv)
{
	char **command[MAX_COMMANDS];
	double *us[MAX_COMMANDS], *cpu_us[MAX_COMMANDS];
	long peak_kb[MAX_COMMANDS] = {0};
	int commands = 0, runs = argc > 2 ? atoi(argv[1]) : 0;
	posix_spawn_file_actions_t silent;

	if (runs < 1) {
		fprintf(stderr, "usage: startup RUNS COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
		return 2;
	}
	for (int i = 2; i < argc && commands < MAX_COMMANDS; i++) {
		command[commands] = &argv[i];
		us[commands] = calloc(runs, sizeof(double));
		cpu_us[commands++] = calloc(runs, sizeof(double));
		while (i < argc && strcmp(argv[i], "--"))
			i++;
		if (i < argc)
			argv[i] = NULL;
	}
	posix_spawn_file_actions_init(&silent);
	posix_spawn_file_actions_addopen(&silent, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&silent, 2, "/dev/null", O_WRONLY, 0);

	for (int run = 0; run < runs; run++)
		for (int c = 0; c < commands; c++) {
			double begin = now_us();
			struct rusage use;
			pid_t pid;
			int status;

			if (posix_spawnp(&pid, command[c][0], &silent, NULL, command[c], environ)) {
				perror(command[c][0]);
				return 1;
			}
			wait4(pid, &status, 0, &use);
			us[c][run] = now_us() - begin;
			cpu_us[c][run] = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
					 use.ru_utime.tv_usec + use.ru_stime.tv_usec;
			if (use.ru_maxrss > peak_kb[c])
				peak_kb[c] = use.ru_maxrss;
		}

	printf("%10s %10s %10s %10s %10s  command\n", "median us", "p10 us", "p90 us", "CPU us", "peak KiB");
	for (int c = 0; c < commands; c++) {
		qsort(us[c], runs, sizeof(double), ascending);
		qsort(cpu_us[c], runs, sizeof(double), ascending);
		printf("%10.0f %10.0f %10.0f ", us[c][runs / 2], us[c][runs / 10], us[c][runs * 9 / 10]);
		printf("%10.0f %10ld ", cpu_us[c][runs / 2], peak_kb[c]);
		for (char **word = command[c]; *word; word++)
			printf(" %s", *word);
		printf("\n");
	}
	return 0;
}
