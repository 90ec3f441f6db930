/* SPDX-License-Identifier: Apache-2.0 */
/* In place of shell.c where there is no shell: what is told goes to the kernel's console, and nothing is typed. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "hone.h"

void hone_shell_write(const struct shell *sh, const char *text, size_t len)
{
	ARG_UNUSED(sh);
	printk("%.*s", (int)len, text);
}

bool hone_shell_send(const struct shell *sh, const uint8_t *bytes, size_t len)
{
	ARG_UNUSED(sh);
	ARG_UNUSED(bytes);
	ARG_UNUSED(len);
	return false;
}

uint32_t hone_console_bits(void)
{
	return 0;
}

const struct shell *hone_console(void)
{
	static const char any;

	/* Never looked into: hone_shell_write takes no notice of it. */
	return (const struct shell *)&any;
}

bool hone_shell_interrupted(const struct shell *sh)
{
	ARG_UNUSED(sh);
	return false;
}

int hone_shell_key(const struct shell *sh)
{
	ARG_UNUSED(sh);
	return -1;
}

void hone_console_watch(void)
{
}

uint32_t hone_lines_refused(uint32_t *why)
{
	*why = 0;
	return 0;
}
