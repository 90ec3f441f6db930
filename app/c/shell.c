/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's commands in Zephyr's shell. Names of commands are here, since registering one takes a macro; their
 * help, the words that may follow, and what they do and say come from the engine, which the host program shares. The
 * build fails when the list here and the engine's differ (../src/platform/shell_words.rs).
 */
#include <string.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/shell/shell_uart.h>
#include <zephyr/sys/atomic.h>
#include <zephyr/sys/ring_buffer.h>

#include "hone.h"

#define CTRL_C 0x03
#define CTRL_U 0x15
#define BACKSPACE 0x08
#define DELETE 0x7f

void hone_shell_write(const struct shell *sh, const char *text, size_t len)
{
	shell_fprintf(sh, SHELL_NORMAL, "%.*s", (int)len, text);
}

/* A line that takes nothing for so long is dead. */
#define DEAD K_MSEC(500)

bool hone_shell_send(const struct shell *sh, const uint8_t *bytes, size_t len)
{
	k_timepoint_t end = sys_timepoint_calc(DEAD);
	size_t count = 0;
	int rc = 0;

	/* As the shell's own text, so that neither comes in the middle of the other. */
	(void)k_mutex_lock(&sh->ctx->wr_mtx, K_FOREVER);
	while (rc == 0 && len > 0 && !sys_timepoint_expired(end)) {
		rc = sh->iface->api->write(sh->iface, bytes, len, &count);
		bytes += count;
		len -= count;
		if (len > 0) {
			k_sleep(K_MSEC(1));
		}
	}
	(void)k_mutex_unlock(&sh->ctx->wr_mtx);
	return len == 0;
}

uint32_t hone_console_bits(void)
{
	return DT_PROP_OR(DT_CHOSEN(zephyr_shell_uart), current_speed, 115200);
}

const struct shell *hone_console(void)
{
	const struct shell *sh = shell_backend_uart_get_ptr();

	/* Before the shell runs it would drop what it is given. */
	return shell_ready(sh) ? sh : NULL;
}

#if defined(CONFIG_SHELL_BACKEND_SERIAL_API_INTERRUPT_DRIVEN)
static struct shell_uart_int_driven *console_uart(void)
{
	return (struct shell_uart_int_driven *)shell_backend_uart_get_ptr()->iface->ctx;
}

/*
 * What is typed goes through here before the shell sees it, so that no line runs of which a part is missing: bytes that
 * came faster than they were read, more of them than the shell's buffer takes, or letters that it drops. Of such a line
 * the shell gets Ctrl-U in place of the rest, which makes it forget the beginning, and the line's end.
 */
static struct {
	/* Letters of the line so far. */
	uint32_t length;
	/* What is wrong with it, HONE_LINE_*. */
	uint32_t wrong;
	/* The shell still lacks Ctrl-U and the end of a line that did not run: there was no room. */
	bool owed;
} typed;
static atomic_t refused_lines;
static atomic_t refused_why;
/* Ctrl-C found no room. */
static atomic_t interrupted;

/* Room that is kept for Ctrl-U and an end of line. */
#define ENDING 2
/* Reads of the port in one interrupt, at most. */
#define TURNS 32

static void end_refused(struct ring_buf *to, uint8_t end)
{
	uint8_t bytes[ENDING] = {CTRL_U, end};

	typed.owed = ring_buf_space_get(to) < ENDING;
	if (!typed.owed) {
		(void)ring_buf_put(to, bytes, ENDING);
	}
}

static void take(struct ring_buf *to, uint8_t byte)
{
	if (typed.owed) {
		end_refused(to, '\n');
	}
	if (byte == '\r' || byte == '\n' || byte == CTRL_C || byte == CTRL_U) {
		if (typed.wrong != 0) {
			(void)atomic_or(&refused_why, typed.wrong);
			(void)atomic_inc(&refused_lines);
			hone_events_soon();
			end_refused(to, byte);
		} else if (!typed.owed) {
			typed.owed = ring_buf_put(to, &byte, 1) == 0;
		}
		if (typed.owed && byte == CTRL_C) {
			(void)atomic_set(&interrupted, 1);
		}
		typed.length = 0;
		typed.wrong = 0;
		return;
	}
	if (byte == BACKSPACE || byte == DELETE) {
		typed.length -= typed.length > 0;
	} else if (byte >= ' ') {
		typed.length++;
	}
	if (byte > DELETE) {
		typed.wrong |= HONE_LINE_NOT_ASCII;
	} else if (typed.length >= CONFIG_SHELL_CMD_BUFF_SIZE) {
		typed.wrong |= HONE_LINE_TOO_LONG;
	} else if (typed.owed || ring_buf_space_get(to) <= ENDING) {
		typed.wrong |= HONE_LINE_LOST;
	}
	if ((typed.wrong & ~HONE_LINE_NOT_ASCII) == 0 && byte <= DELETE) {
		(void)ring_buf_put(to, &byte, 1);
	}
}

/* In place of the shell's own, which says of lost bytes that they were lost and runs what is left. */
static void console_interrupt(const struct device *dev, void *user_data)
{
	struct shell_uart_int_driven *uart = user_data;
	uint8_t bytes[16], *data;

	uart_irq_update(dev);
	if (uart_irq_rx_ready(dev)) {
		/* A few at a time: sampling waits meanwhile. What is left interrupts again. */
		for (int turn = 0, count = 1; turn < TURNS && count > 0; turn++) {
			count = uart_fifo_read(dev, bytes, sizeof(bytes));
			for (int i = 0; i < count; i++) {
				take(&uart->rx_ringbuf, bytes[i]);
			}
		}
		uart->common.handler(SHELL_TRANSPORT_EVT_RX_RDY, uart->common.context);
	}
	if (uart_irq_tx_ready(dev)) {
		uint32_t len = ring_buf_get_claim(&uart->tx_ringbuf, &data, uart->tx_ringbuf.size);

		if (len > 0) {
			len = uart_fifo_fill(dev, data, len);
			(void)ring_buf_get_finish(&uart->tx_ringbuf, len);
		} else {
			uart_irq_tx_disable(dev);
			uart->tx_busy = 0;
		}
		uart->common.handler(SHELL_TRANSPORT_EVT_TX_RDY, uart->common.context);
	}
}

void hone_console_watch(void)
{
	struct shell_uart_int_driven *uart = console_uart();

	(void)uart_irq_callback_user_data_set(uart->common.dev, console_interrupt, uart);
}

uint32_t hone_lines_refused(uint32_t *why)
{
	*why = (uint32_t)atomic_clear(&refused_why);
	return (uint32_t)atomic_clear(&refused_lines);
}

/*
 * Whether Ctrl-C was typed while a command runs, whose thread is the one that would read it. Takes it and what was
 * typed before it out of the input; without one the input stays, for the prompt.
 */
bool hone_shell_interrupted(const struct shell *sh)
{
	struct ring_buf *from = &console_uart()->rx_ringbuf;
	uint32_t seen = 0, len;
	uint8_t *data;

	if (sh != shell_backend_uart_get_ptr()) {
		return false;
	}
	bool jammed = atomic_clear(&interrupted) != 0;

	/* What lies at the buffer's end, and what goes on at its start. */
	while ((len = ring_buf_get_claim(from, &data, UINT32_MAX)) > 0) {
		uint8_t *key = memchr(data, CTRL_C, len);

		if (key != NULL) {
			(void)ring_buf_get_finish(from, seen + (key - data) + 1);
			return true;
		}
		seen += len;
	}
	(void)ring_buf_get_finish(from, jammed ? seen : 0);
	return jammed;
}
#else
void hone_console_watch(void)
{
}

uint32_t hone_lines_refused(uint32_t *why)
{
	*why = 0;
	return 0;
}

bool hone_shell_interrupted(const struct shell *sh)
{
	ARG_UNUSED(sh);
	return false;
}
#endif

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

static int run(const struct shell *sh, size_t argc, char **argv)
{
	return hone_shell_run(sh, argc, argv);
}

static bool ends(const char *line, size_t len, const char *word)
{
	size_t size = strlen(word);

	return len > size && memcmp(line + len - size, word, size) == 0;
}

/*
 * Whether a line runs: its first words are cut off by NUL then. What follows the command is the engine's to read, and to look
 * each word up among all that there are takes millions of instructions. A line that asks for help is shown them.
 */
static bool is_run(void)
{
	const struct shell_ctx *ctx = shell_backend_uart_get_ptr()->ctx;
	const char *line = ctx->cmd_buff;
	size_t len = ctx->cmd_buff_len;

	return memchr(line, '\0', len) != NULL && !ends(line, len, "-h") && !ends(line, len, "--help");
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
	if (is_run()) {
		return;
	}
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

/* The words that `config set KEY` takes depend on the key, which is in the line being typed or run. */
static void config_value_word(size_t index, struct shell_static_entry *entry)
{
	static char path[64];
	/* While a line runs its words end in NUL. */
	const char *line = shell_backend_uart_get_ptr()->ctx->cmd_buff;
	const char *end = line + CONFIG_SHELL_CMD_BUFF_SIZE;
	size_t len = 0, words = 0;

	while (line < end && words < 3 && len < sizeof(path) - 1) {
		while (line < end && (*line == ' ' || *line == '\0') && words < 3) {
			line++;
		}
		while (line < end && *line != ' ' && *line != '\0' && len < sizeof(path) - 2) {
			path[len++] = *line++;
		}
		path[len++] = ' ';
		words++;
	}
	path[len - (len > 0)] = '\0';
	word(path, index, entry, NULL);
}

SHELL_DYNAMIC_CMD_CREATE(config_value_words, config_value_word);
WORDS(config_key, "config get", &config_value_words);
WORDS(config, "config", &config_key_words);

/* As SHELL_CMD_REGISTER, with a help that is filled in at the start: Rust has the one copy of the texts. */
#define REGISTER(name)                                                                                                \
	static struct shell_static_entry name##_entry = {                                                             \
		.syntax = #name, .subcmd = &name##_words, .handler = run};                                            \
	static const TYPE_SECTION_ITERABLE(union shell_cmd_entry, shell_cmd_##name, shell_root_cmds,                  \
					   shell_cmd_##name) = {.entry = &name##_entry}
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
PLAIN(time);
PLAIN(record);

static int fill_in(void)
{
	TYPE_SECTION_FOREACH(const union shell_cmd_entry, shell_root_cmds, command) {
		if (command->entry->handler == run) {
			/* Ours, and in RAM. */
			struct shell_static_entry *entry = (struct shell_static_entry *)command->entry;

			entry->help = hone_shell_text(entry->syntax);
		}
	}
	return 0;
}

SYS_INIT(fill_in, APPLICATION, 0);
