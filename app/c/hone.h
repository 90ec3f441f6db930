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
bool hone_tell_events(void);
int hone_shell_run(const struct shell *sh, size_t argc, char **argv);
const char *hone_shell_text(const char *name);
int hone_shell_word(const char *path, size_t index, const char **name, const char **help);

/* In the image of tests/app alone. */
void hone_vectors(void (*tell)(const char *name, size_t len, uint32_t value));

/* devices.c; errors are negative errno. */
int hone_sensor_init(uint32_t hertz, int32_t full_scale);
int hone_sensor_read(uint32_t channels, int32_t *micro);
const char *hone_sensor_name(void);
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

/* shell.c, or headless.c */
void hone_shell_write(const struct shell *sh, const char *text, size_t len);
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

#endif
