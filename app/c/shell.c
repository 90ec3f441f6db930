/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's commands in Zephyr's shell. Names of commands are here, since registering one takes a macro; their
 * help, the words that may follow, and what they do and say come from the engine, which the host program shares. The
 * build fails when the list here and the engine's differ (../src/platform/shell_words.rs).
 */
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/shell/shell_uart.h>
#include <zephyr/sys/ring_buffer.h>

#include "hone.h"

/* Texts that end in NUL, in flash; shell_words.rs. */
extern const char hone_help_train[], hone_help_infer[], hone_help_label[], hone_help_stats[], hone_help_model[],
	hone_help_data[], hone_help_eval[], hone_help_sensor[], hone_help_config[], hone_help_wait[];

#define CTRL_C 0x03
/* How often events are told. */
#define EVENTS_PERIOD K_MSEC(50)

void hone_shell_write(const struct shell *sh, const char *text, size_t len)
{
	shell_fprintf(sh, SHELL_NORMAL, "%.*s", (int)len, text);
}

const struct shell *hone_console(void)
{
	const struct shell *sh = shell_backend_uart_get_ptr();

	/* Before the shell runs it would drop what it is given. */
	return shell_ready(sh) ? sh : NULL;
}

/*
 * Whether Ctrl-C was typed while a command runs, whose thread is the one that would read it. Takes it and what was
 * typed before it out of the input; without one the input stays, for the prompt.
 */
bool hone_shell_interrupted(const struct shell *sh)
{
#if defined(CONFIG_SHELL_BACKEND_SERIAL_API_INTERRUPT_DRIVEN)
	if (sh == shell_backend_uart_get_ptr()) {
		struct shell_uart_int_driven *uart = (struct shell_uart_int_driven *)sh->iface->ctx;
		uint8_t *data;
		uint32_t len = ring_buf_get_claim(&uart->rx_ringbuf, &data, UINT32_MAX);

		for (uint32_t i = 0; i < len; i++) {
			if (data[i] == CTRL_C) {
				ring_buf_get_finish(&uart->rx_ringbuf, i + 1);
				return true;
			}
		}
		ring_buf_get_finish(&uart->rx_ringbuf, 0);
	}
#endif
	return false;
}

/*
 * The next byte that was typed, for a command that reads lines itself: it runs in the thread that reads for the
 * prompt. -1 when none waits.
 */
int hone_shell_key(const struct shell *sh)
{
	uint8_t byte;
	size_t count = 0;

	(void)sh->iface->api->read(sh->iface, &byte, 1, &count);
	return count == 1 ? byte : -1;
}

static void tell_events(struct k_work *work)
{
	hone_tell_events();
	k_work_reschedule(k_work_delayable_from_work(work), EVENTS_PERIOD);
}

static K_WORK_DELAYABLE_DEFINE(events_work, tell_events);

void hone_events_start(void)
{
	k_work_reschedule(&events_work, EVENTS_PERIOD);
}

static int run(const struct shell *sh, size_t argc, char **argv)
{
	return hone_shell_run(sh, argc, argv);
}

static void word(const char *path, size_t index, struct shell_static_entry *entry,
		 const union shell_cmd_entry *next)
{
	entry->syntax = NULL;
	entry->help = NULL;
	/* Without a handler of its own a word is an argument of the command. */
	entry->handler = NULL;
	entry->subcmd = next;
	entry->args.mandatory = 0;
	entry->args.optional = 0;
	(void)hone_shell_word(path, index, &entry->syntax, &entry->help);
}

#define WORDS(name, path, next)                                                                                       \
	static void name##_word(size_t index, struct shell_static_entry *entry)                                       \
	{                                                                                                             \
		word(path, index, entry, next);                                                                       \
	}                                                                                                             \
	SHELL_DYNAMIC_CMD_CREATE(name##_words, name##_word)

WORDS(train_next, "train", NULL);
WORDS(train, "train", &train_next_words);
WORDS(config_key, "config get", NULL);
WORDS(config, "config", &config_key_words);

#define REGISTER(name) SHELL_CMD_REGISTER(name, &name##_words, hone_help_##name, run)
#define PLAIN(name)                                                                                                   \
	WORDS(name, #name, NULL);                                                                                     \
	REGISTER(name)

REGISTER(train);
PLAIN(infer);
#if defined(CONFIG_HONE_LABELS)
PLAIN(label);
#endif
PLAIN(stats);
PLAIN(model);
#if defined(CONFIG_HONE_ROWS)
PLAIN(data);
#endif
PLAIN(eval);
PLAIN(sensor);
REGISTER(config);
PLAIN(wait);
