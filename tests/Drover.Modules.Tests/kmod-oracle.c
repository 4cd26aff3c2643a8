/*
 * Asks libkmod, one look-up a line of standard input.
 *
 *   kmod-oracle answers MODULE_DIRECTORY CONFIG_DIRECTORY          the module names of each, a line each
 *   kmod-oracle time    MODULE_DIRECTORY CONFIG_DIRECTORY ROUNDS   nanoseconds of each, the fastest of all rounds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libkmod.h>

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void answer(struct kmod_ctx *ctx, const char *alias)
{
	struct kmod_list *found = NULL, *item;
	const char *separator = "";

	kmod_module_new_from_lookup(ctx, alias, &found);
	kmod_list_foreach(item, found) {
		struct kmod_module *module = kmod_module_get_module(item);
		printf("%s%s", separator, kmod_module_get_name(module));
		separator = " ";
		kmod_module_unref(module);
	}
	putchar('\n');
	kmod_module_unref_list(found);
}

static double time_one(struct kmod_ctx *ctx, const char *alias)
{
	struct kmod_list *found = NULL;
	double start = now_ns();

	kmod_module_new_from_lookup(ctx, alias, &found);
	kmod_module_unref_list(found);
	return now_ns() - start;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const char *config[] = { argv[3], NULL };
	struct kmod_ctx *ctx = kmod_new(argv[2], config);
	if (!ctx)
		return 1;
	kmod_set_log_priority(ctx, 0);
	kmod_load_resources(ctx);

	char **aliases = NULL, *line = NULL;
	size_t count = 0, room = 0, size = 0;
	ssize_t length;
	while ((length = getline(&line, &size, stdin)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (count == room) {
			room = room ? room * 2 : 1024;
			aliases = realloc(aliases, room * sizeof(*aliases));
		}
		aliases[count++] = strdup(line);
	}

	if (strcmp(argv[1], "answers") == 0) {
		for (size_t i = 0; i < count; i++)
			answer(ctx, aliases[i]);
		return 0;
	}
	double *best = calloc(count, sizeof(*best));
	for (int round = atoi(argv[4]); round > 0; round--) {
		for (size_t i = 0; i < count; i++) {
			double took = time_one(ctx, aliases[i]);
			if (best[i] == 0 || took < best[i])
				best[i] = took;
		}
	}
	for (size_t i = 0; i < count; i++)
		printf("%.0f\n", best[i]);
	return 0;
}
