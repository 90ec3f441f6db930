/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that only macros over the devicetree can name. Each function is as thin as that allows; what to do about an
 * error is decided in Rust. A device that the board does not have answers -ENODEV.
 */
#include <errno.h>
#include <zephyr/device.h>
#include <zephyr/drivers/flash.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/rtc.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/sys/timeutil.h>
#include <zephyr/task_wdt/task_wdt.h>

#include <kernel_internal.h>

#include "hone.h"

#if DT_NODE_HAS_STATUS(DT_ALIAS(led0), okay)
static const struct gpio_dt_spec led = GPIO_DT_SPEC_GET(DT_ALIAS(led0), gpios);

int hone_led_init(void)
{
	return gpio_is_ready_dt(&led) ? gpio_pin_configure_dt(&led, GPIO_OUTPUT_INACTIVE) : -ENODEV;
}

void hone_led_set(bool on)
{
	(void)gpio_pin_set_dt(&led, on);
}
#else
int hone_led_init(void)
{
	return -ENODEV;
}

void hone_led_set(bool on)
{
	ARG_UNUSED(on);
}
#endif

#if DT_NODE_HAS_STATUS(DT_ALIAS(sw0), okay)
static const struct gpio_dt_spec button = GPIO_DT_SPEC_GET(DT_ALIAS(sw0), gpios);
static struct gpio_callback button_callback;

static void button_changed(const struct device *port, struct gpio_callback *callback, gpio_port_pins_t pins)
{
	ARG_UNUSED(port);
	ARG_UNUSED(callback);
	ARG_UNUSED(pins);
	hone_button_changed(gpio_pin_get_dt(&button) > 0);
}

int hone_button_init(void)
{
	if (!gpio_is_ready_dt(&button)) {
		return -ENODEV;
	}

	int rc = gpio_pin_configure_dt(&button, GPIO_INPUT);

	if (rc == 0) {
		gpio_init_callback(&button_callback, button_changed, BIT(button.pin));
		rc = gpio_add_callback_dt(&button, &button_callback);
	}
	return rc == 0 ? gpio_pin_interrupt_configure_dt(&button, GPIO_INT_EDGE_BOTH) : rc;
}
#else
int hone_button_init(void)
{
	return -ENODEV;
}
#endif

int hone_watchdog_init(void)
{
	/* Without hardware behind it the task watchdog still catches a thread, but not a dead kernel. */
	return task_wdt_init(DEVICE_DT_GET_OR_NULL(DT_ALIAS(watchdog0)));
}

#if FIXED_PARTITION_EXISTS(storage_partition)
static const struct device *const flash = FIXED_PARTITION_DEVICE(storage_partition);
#define STORAGE_OFFSET FIXED_PARTITION_OFFSET(storage_partition)
#define STORAGE_SIZE FIXED_PARTITION_SIZE(storage_partition)
#else
static const struct device *const flash;
#define STORAGE_OFFSET 0
#define STORAGE_SIZE 0
#endif

int hone_flash_size(void)
{
	return flash != NULL && device_is_ready(flash) ? STORAGE_SIZE : -ENODEV;
}

int hone_flash_erase_size(void)
{
	struct flash_pages_info page;
	int rc = flash == NULL ? -ENODEV : flash_get_page_info_by_offs(flash, STORAGE_OFFSET, &page);

	return rc == 0 ? (int)page.size : rc;
}

int hone_flash_write_size(void)
{
	return flash == NULL ? -ENODEV : (int)flash_get_write_block_size(flash);
}

int hone_flash_read(uint32_t offset, void *data, size_t len)
{
	return flash == NULL ? -ENODEV : flash_read(flash, STORAGE_OFFSET + offset, data, len);
}

int hone_flash_write(uint32_t offset, const void *data, size_t len)
{
	return flash == NULL ? -ENODEV : flash_write(flash, STORAGE_OFFSET + offset, data, len);
}

int hone_flash_erase(uint32_t offset, size_t len)
{
	return flash == NULL ? -ENODEV : flash_erase(flash, STORAGE_OFFSET + offset, len);
}

/* Interrupts have a stack of their own, which no thread's figures show. */
void hone_interrupt_stack(size_t *size, size_t *unused)
{
	*size = K_KERNEL_STACK_SIZEOF(z_interrupt_stacks[0]);
	*unused = 0;
	(void)z_stack_space_get(K_KERNEL_STACK_BUFFER(z_interrupt_stacks[0]), *size, unused);
}

#if defined(CONFIG_RTC) && DT_NODE_HAS_STATUS(DT_ALIAS(rtc), okay)
static const struct device *const rtc = DEVICE_DT_GET(DT_ALIAS(rtc));

int hone_clock_set(uint64_t seconds)
{
	time_t time = (time_t)seconds;
	struct rtc_time parts = {0};

	if (!device_is_ready(rtc)) {
		return -ENODEV;
	}
	gmtime_r(&time, rtc_time_to_tm(&parts));
	return rtc_set_time(rtc, &parts);
}

int hone_clock_get(uint64_t *seconds)
{
	struct rtc_time parts = {0};

	if (!device_is_ready(rtc)) {
		return -ENODEV;
	}

	int rc = rtc_get_time(rtc, &parts);

	if (rc == 0) {
		*seconds = (uint64_t)timeutil_timegm64(rtc_time_to_tm(&parts));
	}
	return rc;
}
#else
int hone_clock_set(uint64_t seconds)
{
	ARG_UNUSED(seconds);
	return -ENODEV;
}

int hone_clock_get(uint64_t *seconds)
{
	ARG_UNUSED(seconds);
	return -ENODEV;
}
#endif
