/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zephyr's shell knows the words here, for help and completion; what a command does and says is in Rust
 * (hone_shell_run), where the host program finds the same.
 */
#include <zephyr/shell/shell.h>

#include "hone.h"

void hone_shell_write(const struct shell *sh, const char *text, size_t len)
{
	/* Newlines become CR LF in the shell's own printing. */
	shell_fprintf(sh, SHELL_NORMAL, "%.*s", (int)len, text);
}

static int cmd_stats(const struct shell *sh, size_t argc, char **argv)
{
	return hone_shell_run(sh, argc, argv);
}

SHELL_CMD_REGISTER(stats, NULL, "what the device did and is doing", cmd_stats);
