/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bench vectors`: trains ESNs on known samples and prints checksums of their models. On a thread of its own, as it takes
 * more stack than any has.
 */
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>

#include "../../../app/c/hone.h"

static K_THREAD_STACK_DEFINE(vectors_stack, 16384);
static struct k_thread vectors_thread;
static const struct shell *vectors_shell;

static void vectors_tell(const char *name, size_t len, uint32_t value)
{
	shell_print(vectors_shell, "%.*s %08x", (int)len, name, value);
}

static void vectors_run(void *a, void *b, void *c)
{
	ARG_UNUSED(a);
	ARG_UNUSED(b);
	ARG_UNUSED(c);
	hone_vectors(vectors_tell);
}

static int cmd_vectors(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	vectors_shell = sh;
	/* Below all threads of the device, so that they go on. */
	k_thread_create(&vectors_thread, vectors_stack, K_THREAD_STACK_SIZEOF(vectors_stack), vectors_run, NULL, NULL,
			NULL, K_PRIO_PREEMPT(14), 0, K_NO_WAIT);
	return k_thread_join(&vectors_thread, K_FOREVER);
}

SHELL_SUBCMD_ADD((bench), vectors, NULL, "train on known samples", cmd_vectors, 1, 0);
