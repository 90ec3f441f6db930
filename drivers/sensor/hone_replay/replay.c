/* SPDX-License-Identifier: Apache-2.0 */
/* The replay accelerometer as a Zephyr sensor. */
#define DT_DRV_COMPAT hone_replay_accelerometer

#include <errno.h>
#include <string.h>
#include <zephyr/device.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/kernel.h>
#include <hone/replay.h>
#include "stream.h"

#define ABSENT_MAGIC 0x41425354U

struct replay_config {
	uint32_t rotation_millihertz;
	/* In its place, unless 0. */
	uint32_t revolution_readings;
	int32_t drift;
	uint32_t sampling_frequency;
	uint32_t healthy_ms;
	uint32_t faulty_ms;
	int32_t full_scale;
	bool has_trigger;
	bool has_stream;
	k_thread_stack_t *stack;
	size_t stack_size;
};

struct replay_data {
	const struct device *dev;
	struct hone_replay_rhythm rhythm;
	uint64_t micro_hertz;
	/* Of the sensor's own clock: since when it goes, and readings since. */
	int64_t since_ticks;
	uint64_t readings;
	/* Readings fetched since then. */
	uint32_t fetched;
	sensor_trigger_handler_t handler;
	const struct sensor_trigger *trigger;
	bool streams;
	struct replay_stream stream;
	/* Readings put into it since the sensor's clock goes. */
	uint64_t streamed;
	struct k_timer timer;
	struct k_sem due;
	struct k_thread thread;
	atomic_t mode;
	atomic_t rewind;
	uint32_t n;
	uint32_t step;
	/* Readings in the healthy and in the faulty span of the automatic mode. */
	uint32_t healthy;
	uint32_t faulty;
	int32_t last[3];
	int32_t temperature;
};

/* Survives a restart, not a loss of power, after which it holds anything but the magic number. */
static uint32_t absent __noinit;

static void set_frequency(const struct device *dev, uint64_t micro_hertz)
{
	const struct replay_config *config = dev->config;
	struct replay_data *data = dev->data;

	data->micro_hertz = micro_hertz;
	data->step = (uint32_t)(config->revolution_readings > 0
					? (1ULL << 32) / config->revolution_readings
					: ((uint64_t)config->rotation_millihertz << 32) / (micro_hertz / 1000U));
	data->healthy = (uint32_t)((uint64_t)config->healthy_ms * (micro_hertz / 1000U) / 1000000U);
	data->faulty = (uint32_t)((uint64_t)config->faulty_ms * (micro_hertz / 1000U) / 1000000U);
	hone_replay_set_rhythm(dev, &data->rhythm);
}

/* The rate of the sensor's own clock, in thousandths of a hertz. */
static uint64_t own_millihertz(const struct replay_data *data)
{
	return MAX(data->micro_hertz / 1000U * data->rhythm.rate_permille / 1000U, 1U);
}

/* By how many 65536ths of the interval the n-th reading is late, or early where it is negative: uniform, from its number. */
static int32_t lateness(const struct hone_replay_rhythm *r, uint32_t n)
{
	int64_t part = (int64_t)((n * 2654435761U) >> 16) - 32768;

	return (int32_t)(part * 2 * r->jitter_permille / 1000);
}

/* Nanoseconds from the start of the sensor's clock to its n-th reading. */
static int64_t due_ns(const struct replay_data *data, uint64_t n)
{
	const struct hone_replay_rhythm *r = &data->rhythm;
	uint64_t whole = r->burst > 1 ? (n / r->burst + 1) * r->burst : n;
	/* In two parts: the whole in one would overflow after some hours. */
	uint64_t milli = own_millihertz(data);
	int64_t at = (int64_t)(whole / milli * 1000000000000ULL + whole % milli * 1000000000000ULL / milli);
	int64_t interval = (int64_t)(1000000000000ULL / milli);

	return at + interval * lateness(r, (uint32_t)n) / 65536;
}

static void set_timer(struct replay_data *data)
{
	int64_t ticks = data->since_ticks + (int64_t)k_ns_to_ticks_near64(MAX(due_ns(data, data->readings), 0));

	k_timer_start(&data->timer, K_TIMEOUT_ABS_TICKS(MAX(ticks, k_uptime_ticks() + 1)), K_NO_WAIT);
}

/* Whether somebody is told of each reading. */
static bool announces(const struct replay_data *data)
{
	return (data->handler != NULL || data->streams) && !data->rhythm.stopped;
}

static void reading_due(struct k_timer *timer)
{
	struct replay_data *data = CONTAINER_OF(timer, struct replay_data, timer);

	do {
		k_sem_give(&data->due);
		data->readings++;
	} while (data->rhythm.burst > 1 && data->readings % data->rhythm.burst != 0);
	if (announces(data)) {
		set_timer(data);
	}
}

static int replay_sample_fetch(const struct device *dev, enum sensor_channel channel);

/* Puts the reading that is due into the FIFO of the stream. */
static void stream_reading(struct replay_data *data)
{
	struct replay_reading reading;
	int rc = replay_sample_fetch(data->dev, SENSOR_CHAN_ALL);

	/* By the sensor's own clock, whenever the thread gets to it. */
	uint64_t time = k_ticks_to_ns_floor64(data->since_ticks) + due_ns(data, data->streamed++);

	memcpy(reading.axes, data->last, sizeof(reading.axes));
	reading.temperature = data->temperature;
	replay_stream_put(&data->stream, rc, time, &reading);
}

static void announce(void *p1, void *p2, void *p3)
{
	struct replay_data *data = p1;

	ARG_UNUSED(p2);
	ARG_UNUSED(p3);
	for (;;) {
		k_sem_take(&data->due, K_FOREVER);

		sensor_trigger_handler_t handler = data->handler;

		if (!announces(data)) {
			continue;
		}
		if (data->streams) {
			stream_reading(data);
		} else {
			handler(data->dev, data->trigger);
		}
	}
}

void hone_replay_set_rhythm(const struct device *dev, const struct hone_replay_rhythm *rhythm)
{
	struct replay_data *data = dev->data;

	k_timer_stop(&data->timer);
	data->rhythm = *rhythm;
	data->since_ticks = k_uptime_ticks();
	data->readings = 0;
	data->fetched = 0;
	data->streamed = 0;
	if (announces(data)) {
		set_timer(data);
	}
}

struct hone_replay_rhythm hone_replay_get_rhythm(const struct device *dev)
{
	const struct replay_data *data = dev->data;

	return data->rhythm;
}

static int replay_trigger_set(const struct device *dev, const struct sensor_trigger *trigger,
			      sensor_trigger_handler_t handler)
{
	const struct replay_config *config = dev->config;
	struct replay_data *data = dev->data;

	if (!config->has_trigger || data->rhythm.clocked || trigger->type != SENSOR_TRIG_DATA_READY) {
		return -ENOTSUP;
	}
	data->trigger = trigger;
	data->handler = handler;
	k_sem_reset(&data->due);
	hone_replay_set_rhythm(dev, &data->rhythm);
	return 0;
}

#ifdef CONFIG_SENSOR_ASYNC_API
static void replay_submit(const struct device *dev, struct rtio_iodev_sqe *request)
{
	const struct sensor_read_config *read = request->sqe.iodev->data;
	struct replay_data *data = dev->data;

	if (!read->is_streaming) {
		rtio_iodev_sqe_err(request, -ENOTSUP);
		return;
	}
	data->stream.request = request;
	if (!data->streams) {
		data->streams = true;
		hone_replay_set_rhythm(dev, &data->rhythm);
	}
}
#endif

static bool is_faulty(const struct replay_data *data, enum hone_replay_mode mode)
{
	uint32_t period = data->healthy + data->faulty;

	if (mode == HONE_REPLAY_AUTO) {
		return period != 0 && data->n % period >= data->healthy;
	}
	return mode == HONE_REPLAY_FAULTY;
}

static int replay_sample_fetch(const struct device *dev, enum sensor_channel channel)
{
	const struct replay_config *config = dev->config;
	struct replay_data *data = dev->data;
	enum hone_replay_mode mode = atomic_get(&data->mode);

	if (channel != SENSOR_CHAN_ALL && channel != SENSOR_CHAN_ACCEL_XYZ && channel != SENSOR_CHAN_DIE_TEMP) {
		return -ENOTSUP;
	}
	if (atomic_clear(&data->rewind)) {
		data->n = 0;
	}
	if (mode == HONE_REPLAY_FAIL) {
		return -EIO;
	}
	if (mode == HONE_REPLAY_STUCK) {
		return 0;
	}
	if (data->rhythm.free_running) {
		uint64_t us = k_ticks_to_us_floor64(k_uptime_ticks() - data->since_ticks);

		/* In two parts: the whole in one would overflow after some days. */
		data->n = (uint32_t)(us / USEC_PER_SEC * own_millihertz(data) / 1000U +
				     us % USEC_PER_SEC * own_millihertz(data) / 1000000000U);
	}

	int32_t late = data->rhythm.free_running ? 0 : lateness(&data->rhythm, data->fetched++);

	for (int axis = 0; axis < 3; axis++) {
		uint32_t fault = is_faulty(data, mode) ? data->rhythm.fault_permille : 0;
		int32_t value = hone_replay_signal(data->n, late, data->step, axis, fault);

		value += (int32_t)((int64_t)data->n * config->drift / 1000);
		if (mode == HONE_REPLAY_SATURATED) {
			value = config->full_scale;
		}
		data->last[axis] = CLAMP(value, -config->full_scale, config->full_scale);
	}
	data->temperature = hone_replay_temperature(data->n, is_faulty(data, mode));
	data->n++;
	return 0;
}

static void to_value(int32_t milli, struct sensor_value *value)
{
	value->val1 = milli / 1000;
	value->val2 = milli % 1000 * 1000;
}

static int replay_channel_get(const struct device *dev, enum sensor_channel channel, struct sensor_value *value)
{
	const struct replay_data *data = dev->data;

	switch (channel) {
	case SENSOR_CHAN_ACCEL_XYZ:
		for (int axis = 0; axis < 3; axis++) {
			to_value(data->last[axis], &value[axis]);
		}
		return 0;
	case SENSOR_CHAN_ACCEL_X:
	case SENSOR_CHAN_ACCEL_Y:
	case SENSOR_CHAN_ACCEL_Z:
		to_value(data->last[channel - SENSOR_CHAN_ACCEL_X], value);
		return 0;
	case SENSOR_CHAN_DIE_TEMP:
		to_value(data->temperature, value);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int replay_attr_set(const struct device *dev, enum sensor_channel channel, enum sensor_attribute attribute,
			   const struct sensor_value *value)
{
	int64_t micro_hertz = (int64_t)value->val1 * 1000000 + value->val2;

	ARG_UNUSED(channel);
	if (attribute != SENSOR_ATTR_SAMPLING_FREQUENCY) {
		return -ENOTSUP;
	}
	if (micro_hertz < 10000 || micro_hertz > 10000000000LL) {
		return -EINVAL;
	}
	set_frequency(dev, micro_hertz);
	return 0;
}

static int replay_attr_get(const struct device *dev, enum sensor_channel channel, enum sensor_attribute attribute,
			   struct sensor_value *value)
{
	const struct replay_data *data = dev->data;

	ARG_UNUSED(channel);
	if (attribute != SENSOR_ATTR_SAMPLING_FREQUENCY) {
		return -ENOTSUP;
	}
	value->val1 = (int32_t)(data->micro_hertz / 1000000U);
	value->val2 = (int32_t)(data->micro_hertz % 1000000U);
	return 0;
}

static int replay_init(const struct device *dev)
{
	const struct replay_config *config = dev->config;
	struct replay_data *data = dev->data;

	if (absent == ABSENT_MAGIC) {
		return -ENODEV;
	}
	if (data->dev == NULL) {
		data->dev = dev;
		data->rhythm.rate_permille = 1000;
		data->rhythm.fault_permille = 1000;
		k_timer_init(&data->timer, reading_due, NULL);
		k_sem_init(&data->due, 0, K_SEM_MAX_LIMIT);
		if (config->has_trigger || config->has_stream) {
			k_thread_create(&data->thread, config->stack, config->stack_size, announce, data, NULL, NULL,
					K_PRIO_COOP(CONFIG_HONE_REPLAY_THREAD_PRIORITY), 0, K_NO_WAIT);
			k_thread_name_set(&data->thread, "replay");
		}
	}
	set_frequency(dev, (uint64_t)config->sampling_frequency * 1000000U);
	return 0;
}

const char *hone_replay_mode_name(enum hone_replay_mode mode)
{
	static const char *const names[] = {"auto", "normal", "faulty", "stuck", "saturated", "fail"};

	return (size_t)mode < ARRAY_SIZE(names) ? names[mode] : NULL;
}

void hone_replay_set_mode(const struct device *dev, enum hone_replay_mode mode)
{
	struct replay_data *data = dev->data;

	atomic_set(&data->mode, mode);
}

enum hone_replay_mode hone_replay_get_mode(const struct device *dev)
{
	struct replay_data *data = dev->data;

	return atomic_get(&data->mode);
}

void hone_replay_rewind(const struct device *dev)
{
	struct replay_data *data = dev->data;

	/* The step belongs to the thread that fetches. */
	atomic_set(&data->rewind, 1);
}

void hone_replay_set_absent(bool is_absent)
{
	absent = is_absent ? ABSENT_MAGIC : 0;
}

#define REPLAY_API                                                                                                    \
	.sample_fetch = replay_sample_fetch, .channel_get = replay_channel_get, .attr_set = replay_attr_set,          \
	.attr_get = replay_attr_get, .trigger_set = replay_trigger_set

/* Which of the two an instance has is the devicetree's to say. */
static const struct sensor_driver_api replay_api __maybe_unused = {REPLAY_API};
#ifdef CONFIG_SENSOR_ASYNC_API
static const struct sensor_driver_api replay_stream_api __maybe_unused = {
	REPLAY_API,
	.submit = replay_submit,
	.get_decoder = replay_get_decoder,
};
#else
#define replay_stream_api replay_api
#endif

/* Of an instance that announces its readings: the stack of its thread. */
#define ANNOUNCES(inst) UTIL_NOT(DT_INST_ENUM_HAS_VALUE(inst, way, clock))
#define STACK_DEFINE(inst) K_KERNEL_STACK_DEFINE(replay_stack_##inst, CONFIG_HONE_REPLAY_THREAD_STACK);
#define STACK_FIELDS(inst)                                                                                            \
	.has_trigger = DT_INST_ENUM_HAS_VALUE(inst, way, trigger),                                                    \
	.has_stream = DT_INST_ENUM_HAS_VALUE(inst, way, stream), .stack = replay_stack_##inst,                        \
	.stack_size = K_KERNEL_STACK_SIZEOF(replay_stack_##inst),

#define REPLAY_DEFINE(inst)                                                                                           \
	COND_CODE_1(ANNOUNCES(inst), (STACK_DEFINE(inst)), ())                                                        \
	static struct replay_data replay_data_##inst;                                                                 \
	static const struct replay_config replay_config_##inst = {                                                    \
		.rotation_millihertz = DT_INST_PROP(inst, rotation_millihertz),                                       \
		.revolution_readings = DT_INST_PROP(inst, revolution_readings),                                       \
		.drift = DT_INST_PROP(inst, drift_per_thousand),                                                      \
		.sampling_frequency = DT_INST_PROP(inst, sampling_frequency),                                         \
		.healthy_ms = DT_INST_PROP(inst, healthy_ms),                                                         \
		.faulty_ms = DT_INST_PROP(inst, faulty_ms),                                                           \
		.full_scale = DT_INST_PROP(inst, full_scale_mm_per_s2),                                               \
		COND_CODE_1(ANNOUNCES(inst), (STACK_FIELDS(inst)), ())                                                \
	};                                                                                                            \
	SENSOR_DEVICE_DT_INST_DEFINE(inst, replay_init, NULL, &replay_data_##inst, &replay_config_##inst,             \
				     POST_KERNEL, CONFIG_SENSOR_INIT_PRIORITY,                                        \
				     COND_CODE_1(DT_INST_ENUM_HAS_VALUE(inst, way, stream), (&replay_stream_api),     \
						 (&replay_api)));

DT_INST_FOREACH_STATUS_OKAY(REPLAY_DEFINE)
