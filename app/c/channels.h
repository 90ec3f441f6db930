/* SPDX-License-Identifier: Apache-2.0 */
/* What is sampled, as sensor.c finds it in the devicetree; for it and stream.c. */
#ifndef HONE_CHANNELS_H_
#define HONE_CHANNELS_H_

#include <zephyr/device.h>
#include <zephyr/drivers/sensor.h>

#include "hone.h"

#define CHANNELS_NODE DT_COMPAT_GET_ANY_STATUS_OKAY(hone_channels)

/* The sensor that sets the pace: the first channel's. */
#if DT_CHILD_NUM_STATUS_OKAY(CHANNELS_NODE) > 0
#define FIRST_SENSOR(node) DT_PHANDLE(node, sensor),
#define SENSOR_NODE        GET_ARG_N(1, DT_FOREACH_CHILD_STATUS_OKAY(CHANNELS_NODE, FIRST_SENSOR))
#elif DT_NODE_HAS_STATUS(DT_ALIAS(accel0), okay)
#define SENSOR_NODE DT_ALIAS(accel0)
#endif

/* A channel of Zephyr's, of which device, and the value that becomes the largest sample, in millionths of its unit. */
struct channel {
	const struct device *dev;
	bool deferred;
	uint8_t unit;
	enum sensor_channel chan;
	int64_t full_scale;
};

extern const struct channel hone_channels[CONFIG_HONE_CHANNELS];

/* The name of all channels of one kind, by which drivers have attributes, triggers and frames. */
enum sensor_channel hone_all_axes(enum sensor_channel chan);

/* Passes on a frame that the sensor gave by itself; where it finds no room it counts as missed. */
void hone_sensor_give(struct hone_frame *frame);

/* Begins the first sensor's stream, once; -ENOTSUP where its driver has none, or a channel is another sensor's. */
int hone_stream_begin(void);

#endif
