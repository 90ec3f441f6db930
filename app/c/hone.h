/* SPDX-License-Identifier: Apache-2.0 */
/* Between the C shims of this folder and the Rust of ../src/platform/ffi.rs, which declares the same. */
#ifndef HONE_SHIMS_H_
#define HONE_SHIMS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shell;

/* Offered by Rust. */
void hone_button_changed(bool down);
/* Whether to call it again soon. */
bool hone_tell_events(void);
int hone_shell_run(const struct shell *sh, size_t argc, char **argv);
const char *hone_shell_text(const char *name);
int hone_shell_word(const char *path, size_t index, const char **name, const char **help);

/* In the image of tests/app alone. */
void hone_vectors(void (*tell)(const char *name, size_t len, uint32_t value));

/* devices.c; errors are negative errno. */
int hone_led_init(void);
void hone_led_set(bool on);
int hone_button_init(void);
int hone_watchdog_init(void);
void hone_interrupt_stack(size_t *size, size_t *unused);
int hone_flash_size(void);
int hone_flash_erase_size(void);
int hone_flash_write_size(void);
int hone_flash_read(uint32_t offset, void *data, size_t len);
int hone_flash_write(uint32_t offset, const void *data, size_t len);
int hone_flash_erase(uint32_t offset, size_t len);
/* The clock that goes on over restarts, seconds since 1970 UTC; -ENODEV where there is none, -ENODATA where it was not set. */
int hone_clock_set(uint64_t seconds);
int hone_clock_get(uint64_t *seconds);

/* sensor.c; sensor.rs declares the same. */
struct hone_frame {
	/* When it was read. */
	uint64_t cycles;
	/* Frames before it that found no room to wait. */
	uint32_t missed;
	/* 0, or why there is none. */
	int32_t rc;
	/* Millionths of the channel's unit. */
	int64_t micro[CONFIG_HONE_CHANNELS];
};
#define HONE_PACE_CLOCK 0
#define HONE_PACE_TRIGGER 1
#define HONE_PACE_STREAM 2
/* What becomes the largest sample of a channel, in millionths of its unit. */
int64_t hone_sensor_full_scale(uint32_t channel);
/* A channel's unit, by the numbers of docs/formats/model.md. */
uint8_t hone_sensor_unit(uint32_t channel);
#define HONE_UNIT_NONE 0
#define HONE_UNIT_ACCELERATION 1
#define HONE_UNIT_ANGULAR_RATE 2
#define HONE_UNIT_TEMPERATURE 3
#define HONE_UNIT_PRESSURE 4
#define HONE_UNIT_VOLTAGE 5
#define HONE_UNIT_CURRENT 6
/* An accelerometer's full scale where nothing else is said: millionths of m/s². */
#define HONE_FULL_SCALE ((int64_t)CONFIG_HONE_FULL_SCALE_MG * 980665 / 100)
/* Begins, at the rate nearest to the one given, which becomes the first sensor's own where that sets the pace. */
int hone_sensor_init(uint64_t *micro_hertz, int *pace);
/* Reads one frame now. */
void hone_sensor_read(struct hone_frame *frame);
/* Waits for a frame that the sensor gives by itself; false when none came. */
bool hone_sensor_next(struct hone_frame *frame, uint32_t wait_us);
/* Drops those that wait. */
void hone_sensor_drop(void);
const char *hone_sensor_name(void);

/* shell.c, or headless.c */
void hone_shell_write(const struct shell *sh, const char *text, size_t len);
/* Sends bytes as they are; false when the line takes no more. */
bool hone_shell_send(const struct shell *sh, const uint8_t *bytes, size_t len);
/* What the console's line carries, in bits a second. */
uint32_t hone_console_bits(void);
bool hone_shell_interrupted(const struct shell *sh);
int hone_shell_key(const struct shell *sh);
const struct shell *hone_console(void);
/* From now on no line runs of which a part is missing. */
void hone_console_watch(void);
/* Lines that were typed and not run since the last call, and why (HONE_LINE_*). */
uint32_t hone_lines_refused(uint32_t *why);
#define HONE_LINE_LOST 1U
#define HONE_LINE_TOO_LONG 2U
#define HONE_LINE_NOT_ASCII 4U

/* events.c */
void hone_events_start(void);
/* There is something to tell. Also for interrupts. */
void hone_events_soon(void);

#endif
