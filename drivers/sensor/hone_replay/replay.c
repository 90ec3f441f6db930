/* SPDX-License-Identifier: Apache-2.0 */
/* The replay accelerometer as a Zephyr sensor. */
#define DT_DRV_COMPAT hone_replay_accelerometer

#include <errno.h>
#include <zephyr/device.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/kernel.h>
#include <hone/replay.h>

#define ABSENT_MAGIC 0x41425354U

struct replay_config {
	uint32_t rotation_millihertz;
	uint32_t sampling_frequency;
	uint32_t healthy_ms;
	uint32_t faulty_ms;
	int32_t full_scale;
	int32_t drift;
};

struct replay_data {
	atomic_t mode;
	atomic_t rewind;
	uint32_t n;
	uint32_t step;
	/* Readings in the healthy and in the faulty span of the automatic mode. */
	uint32_t healthy;
	uint32_t faulty;
	int32_t last[3];
};

/* Survives a restart, not a loss of power, after which it holds anything but the magic number. */
static uint32_t absent __noinit;

static void set_frequency(const struct device *dev, uint32_t hertz)
{
	const struct replay_config *config = dev->config;
	struct replay_data *data = dev->data;

	data->step = (uint32_t)(((uint64_t)config->rotation_millihertz << 32) / (1000ULL * hertz));
	data->healthy = (uint32_t)((uint64_t)config->healthy_ms * hertz / 1000U);
	data->faulty = (uint32_t)((uint64_t)config->faulty_ms * hertz / 1000U);
}

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

	if (channel != SENSOR_CHAN_ALL && channel != SENSOR_CHAN_ACCEL_XYZ) {
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
	for (int axis = 0; axis < 3; axis++) {
		int32_t value = hone_replay_signal(data->n, data->step, axis, is_faulty(data, mode));

		value += (int32_t)((int64_t)data->n * config->drift / 1000);
		if (mode == HONE_REPLAY_SATURATED) {
			value = config->full_scale;
		}
		data->last[axis] = CLAMP(value, -config->full_scale, config->full_scale);
	}
	data->n++;
	return 0;
}

static void to_value(int32_t mm_per_s2, struct sensor_value *value)
{
	value->val1 = mm_per_s2 / 1000;
	value->val2 = mm_per_s2 % 1000 * 1000;
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
	default:
		return -ENOTSUP;
	}
}

static int replay_attr_set(const struct device *dev, enum sensor_channel channel, enum sensor_attribute attribute,
			   const struct sensor_value *value)
{
	ARG_UNUSED(channel);
	if (attribute != SENSOR_ATTR_SAMPLING_FREQUENCY) {
		return -ENOTSUP;
	}
	if (value->val1 < 1 || value->val1 > 10000) {
		return -EINVAL;
	}
	set_frequency(dev, value->val1);
	return 0;
}

static int replay_init(const struct device *dev)
{
	const struct replay_config *config = dev->config;

	if (absent == ABSENT_MAGIC) {
		return -ENODEV;
	}
	set_frequency(dev, config->sampling_frequency);
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

static const struct sensor_driver_api replay_api = {
	.sample_fetch = replay_sample_fetch,
	.channel_get = replay_channel_get,
	.attr_set = replay_attr_set,
};

#define REPLAY_DEFINE(inst)                                                                                           \
	static struct replay_data replay_data_##inst;                                                                 \
	static const struct replay_config replay_config_##inst = {                                                    \
		.rotation_millihertz = DT_INST_PROP(inst, rotation_millihertz),                                       \
		.sampling_frequency = DT_INST_PROP(inst, sampling_frequency),                                         \
		.healthy_ms = DT_INST_PROP(inst, healthy_ms),                                                         \
		.faulty_ms = DT_INST_PROP(inst, faulty_ms),                                                           \
		.full_scale = DT_INST_PROP(inst, full_scale_mm_per_s2),                                               \
		.drift = DT_INST_PROP(inst, drift_per_thousand),                                                      \
	};                                                                                                            \
	SENSOR_DEVICE_DT_INST_DEFINE(inst, replay_init, NULL, &replay_data_##inst, &replay_config_##inst,             \
				     POST_KERNEL, CONFIG_SENSOR_INIT_PRIORITY, &replay_api);

DT_INST_FOREACH_STATUS_OKAY(REPLAY_DEFINE)
