/* SPDX-License-Identifier: Apache-2.0 */
/* `replay`: tells the first replay accelerometer what to play. */
#define DT_DRV_COMPAT hone_replay_accelerometer

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zephyr/shell/shell.h>
#include <hone/replay.h>

static const struct device *const replay = DEVICE_DT_INST_GET(0);

static int cmd_mode(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	for (int mode = 0; hone_replay_mode_name(mode) != NULL; mode++) {
		if (strcmp(argv[0], hone_replay_mode_name(mode)) == 0) {
			hone_replay_set_mode(replay, mode);
			shell_print(sh, "replay: %s", argv[0]);
			return 0;
		}
	}
	return -EINVAL;
}

static int cmd_rewind(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	hone_replay_rewind(replay);
	shell_print(sh, "replay: from the start");
	return 0;
}

static int cmd_absent(const struct shell *sh, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	hone_replay_set_absent(argv[0][0] == 'a');
	shell_print(sh, "replay: %s from the next initialisation on", argv[0]);
	return 0;
}

static int cmd_rhythm(const struct shell *sh, size_t argc, char **argv)
{
	struct hone_replay_rhythm rhythm = hone_replay_get_rhythm(replay);
	unsigned long number = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	if (strcmp(argv[0], "rate") == 0) {
		rhythm.rate_permille = CLAMP(number, 1, 10000);
	} else if (strcmp(argv[0], "jitter") == 0) {
		rhythm.jitter_permille = MIN(number, 1000);
	} else if (strcmp(argv[0], "burst") == 0) {
		rhythm.burst = MIN(number, 1000);
	} else if (strcmp(argv[0], "fault") == 0) {
		rhythm.fault_permille = MIN(number, 1000);
	} else if (strcmp(argv[0], "clock") == 0) {
		rhythm.clocked = true;
		rhythm.stopped = true;
	} else if (strcmp(argv[0], "free") == 0) {
		rhythm.free_running = true;
	} else if (strcmp(argv[0], "stop") == 0) {
		rhythm.stopped = true;
	} else {
		rhythm = (struct hone_replay_rhythm){.rate_permille = 1000, .fault_permille = 1000};
	}
	hone_replay_set_rhythm(replay, &rhythm);
	shell_print(sh, "replay: rate %u, jitter %u, burst %u, fault %u%s%s%s", rhythm.rate_permille,
		    rhythm.jitter_permille, rhythm.burst, rhythm.fault_permille, rhythm.free_running ? ", free" : "",
		    rhythm.clocked ? ", by the clock" : "", rhythm.stopped ? ", stopped" : "");
	return 0;
}

static int cmd_replay(const struct shell *sh, size_t argc, char **argv)
{
	if (argc > 1) {
		shell_error(sh, "replay: no mode '%s'; try: replay -h", argv[1]);
		return -EINVAL;
	}
	shell_print(sh, "replay: %s", hone_replay_mode_name(hone_replay_get_mode(replay)));
	return 0;
}

SHELL_STATIC_SUBCMD_SET_CREATE(replay_commands,
	SHELL_CMD_ARG(auto, NULL, "healthy, faulty for a span, and again", cmd_mode, 1, 0),
	SHELL_CMD_ARG(normal, NULL, "the healthy motor", cmd_mode, 1, 0),
	SHELL_CMD_ARG(faulty, NULL, "the faulty motor", cmd_mode, 1, 0),
	SHELL_CMD_ARG(stuck, NULL, "repeat the last reading", cmd_mode, 1, 0),
	SHELL_CMD_ARG(saturated, NULL, "every axis at the end of the range", cmd_mode, 1, 0),
	SHELL_CMD_ARG(fail, NULL, "answer with an error", cmd_mode, 1, 0),
	SHELL_CMD_ARG(rewind, NULL, "play from the first step", cmd_rewind, 1, 0),
	SHELL_CMD_ARG(rate, NULL, "thousandths of the nominal rate", cmd_rhythm, 2, 0),
	SHELL_CMD_ARG(jitter, NULL, "thousandths of the interval, early or late", cmd_rhythm, 2, 0),
	SHELL_CMD_ARG(burst, NULL, "so many readings at once", cmd_rhythm, 2, 0),
	SHELL_CMD_ARG(free, NULL, "by its own clock, whoever asks", cmd_rhythm, 1, 0),
	SHELL_CMD_ARG(stop, NULL, "no more readings are announced", cmd_rhythm, 1, 0),
	SHELL_CMD_ARG(clock, NULL, "no trigger any more; the device asks", cmd_rhythm, 1, 0),
	SHELL_CMD_ARG(fault, NULL, "thousandths of the fault", cmd_rhythm, 2, 0),
	SHELL_CMD_ARG(steady, NULL, "one by one, at the nominal rate", cmd_rhythm, 1, 0),
	SHELL_CMD_ARG(absent, NULL, "fail to initialise, also after restarts", cmd_absent, 1, 0),
	SHELL_CMD_ARG(present, NULL, "initialise again", cmd_absent, 1, 0),
	SHELL_SUBCMD_SET_END);
SHELL_CMD_REGISTER(replay, &replay_commands, "what the replay accelerometer plays", cmd_replay);
