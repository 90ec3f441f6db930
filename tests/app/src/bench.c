/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bench`: what a hand, an eye and a fault would do to the board. It works the emulated pins of button and LED, counts
 * the LED's edges, and makes threads crash or stand still.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/gpio/gpio_emul.h>
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/sys/reboot.h>

#include "../../../app/c/hone.h"

static const struct gpio_dt_spec button = GPIO_DT_SPEC_GET(DT_ALIAS(sw0), gpios);
static const struct gpio_dt_spec led = GPIO_DT_SPEC_GET(DT_ALIAS(led0), gpios);

static uint32_t edges;
static int lit;

static void look(struct k_timer *timer)
{
	int now = gpio_emul_output_get(led.port, led.pin);

	ARG_UNUSED(timer);
	edges += now != lit;
	lit = now;
}

static K_TIMER_DEFINE(look_timer, look, NULL);

static void set_button(int level)
{
	(void)gpio_emul_input_set(button.port, button.pin, level);
}

/* bench press [BOUNCES]: closes the contact for 100 ms, after it has bounced for a while. */
static int cmd_press(const struct shell *sh, size_t argc, char **argv)
{
	int bounces = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < bounces; i++) {
		set_button(1);
		k_msleep(2);
		set_button(0);
		k_msleep(2);
	}
	set_button(1);
	k_msleep(100);
	set_button(0);
	shell_print(sh, "pressed");
	return 0;
}

/* bench hold MS [BOUNCES]: keeps the contact closed; it bounces as it opens. */
static int cmd_hold(const struct shell *sh, size_t argc, char **argv)
{
	int bounces = argc > 2 ? atoi(argv[2]) : 0;

	set_button(1);
	k_msleep(atoi(argv[1]));
	set_button(0);
	for (int i = 0; i < bounces; i++) {
		k_msleep(2);
		set_button(1);
		k_msleep(2);
		set_button(0);
	}
	shell_print(sh, "held");
	return 0;
}

static void load_one(const struct k_thread *thread, void *sh)
{
	k_thread_runtime_stats_t stats;

	(void)k_thread_runtime_stats_get((k_tid_t)thread, &stats);
	shell_print(sh, "%s %llu", k_thread_name_get((k_tid_t)thread), stats.execution_cycles);
}

/* bench load: time that each thread has had the processor since the start, and the time, in timer cycles. */
static int cmd_load(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	k_thread_foreach_unlocked(load_one, (void *)sh);
	shell_print(sh, "time %llu", k_cycle_get_64());
	return 0;
}

static int cmd_led(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	if (k_timer_remaining_get(&look_timer) == 0) {
		k_timer_start(&look_timer, K_MSEC(10), K_MSEC(10));
	}
	shell_print(sh, "led %s, %u edges", gpio_emul_output_get(led.port, led.pin) ? "on" : "off", edges);
	return 0;
}

static int cmd_crash(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(sh);
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	/* An instruction that is none. */
	__asm__ volatile("udf #0");
	return 0;
}

/* bench deep: more stack than the shell has, a frame at a time. Each frame is the caller's to look at, so that the
 * compiler cannot make a loop of it.
 */
static __attribute__((noinline)) int deep(volatile char *below, int level)
{
	volatile char frame[64];

	frame[level & 63] = (char)level;
	/* Never so deep. */
	return level == INT_MAX ? 0 : deep(frame, level + 1) + below[level & 63];
}

static int cmd_deep(const struct shell *sh, size_t argc, char **argv)
{
	volatile char frame[64] = {0};

	ARG_UNUSED(sh);
	ARG_UNUSED(argv);
	return deep(frame, (int)argc);
}

static void stall_one(const struct k_thread *thread, void *name)
{
	if (strcmp(k_thread_name_get((k_tid_t)thread), name) == 0) {
		k_thread_suspend((k_tid_t)thread);
	}
}

/* bench stall THREAD */
static int cmd_stall(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	k_thread_foreach_unlocked(stall_one, argv[1]);
	shell_print(sh, "%s stands still", argv[1]);
	return 0;
}

static int cmd_reboot(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(sh);
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	sys_reboot(SYS_REBOOT_COLD);
	return 0;
}

SHELL_SUBCMD_SET_CREATE(bench_commands, (bench));
SHELL_SUBCMD_ADD((bench), crash, NULL, "an undefined instruction", cmd_crash, 1, 0);
SHELL_SUBCMD_ADD((bench), deep, NULL, "recurse until the stack is full", cmd_deep, 1, 0);
SHELL_SUBCMD_ADD((bench), hold, NULL, "MS [BOUNCES]: hold the button", cmd_hold, 2, 1);
SHELL_SUBCMD_ADD((bench), led, NULL, "the LED and its edges since the first call", cmd_led, 1, 0);
SHELL_SUBCMD_ADD((bench), load, NULL, "what each thread has had of the processor", cmd_load, 1, 0);
SHELL_SUBCMD_ADD((bench), press, NULL, "[BOUNCES]: press the button", cmd_press, 1, 1);
SHELL_SUBCMD_ADD((bench), reboot, NULL, "restart as after a press of the reset button", cmd_reboot, 1, 0);
SHELL_SUBCMD_ADD((bench), stall, NULL, "THREAD: stop a thread", cmd_stall, 2, 0);
SHELL_CMD_REGISTER(bench, &bench_commands, "work the emulated board", NULL);
