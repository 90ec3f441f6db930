/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensor's own stream (sensor_stream, RTIO): its driver reads a FIFO at its watermark and gives many readings at
 * once, each with its time. A thread of its own decodes them to frames. The stream is begun once and goes on: what
 * comes after an error is its driver's, as a request that repeats cannot be taken back in Zephyr 3.7.
 */
#include <errno.h>
#include <zephyr/kernel.h>
#include <zephyr/rtio/rtio.h>

#include "channels.h"

/* A driver that reads less than a whole FIFO takes blocks in a row. */
#define BLOCK  64
#define BLOCKS (CONFIG_HONE_SENSOR_STREAM_BYTES / BLOCK)

RTIO_DEFINE_WITH_MEMPOOL(stream, 2, 8, BLOCKS, BLOCK, 8);
SENSOR_DT_STREAM_IODEV(first_sensor, SENSOR_NODE, {SENSOR_TRIG_FIFO_WATERMARK, SENSOR_STREAM_DATA_INCLUDE});

static const struct device *const sensor = DEVICE_DT_GET(SENSOR_NODE);
static K_SEM_DEFINE(begun, 0, 1);

/* A number of Q31 with so many bits before the point, in millionths. */
static int64_t micro(q31_t value, int8_t shift)
{
	return (int64_t)value * 1000000 >> (31 - shift);
}

static bool has_axes(enum sensor_channel kind)
{
	return kind == SENSOR_CHAN_ACCEL_XYZ || kind == SENSOR_CHAN_GYRO_XYZ || kind == SENSOR_CHAN_MAGN_XYZ;
}

/* Decodes the next reading of one kind into the frame's channels of that kind. */
static int decode(const struct sensor_decoder_api *decoder, const uint8_t *buffer, enum sensor_channel kind, uint32_t *fit,
		  struct hone_frame *frame)
{
	union {
		struct sensor_three_axis_data axes;
		struct sensor_q31_data one;
	} data;
	int count = decoder->decode(buffer, (struct sensor_chan_spec){kind, 0}, fit, 1, &data);

	if (count <= 0) {
		return count < 0 ? count : -ENODATA;
	}
	for (size_t i = 0; i < CONFIG_HONE_CHANNELS; i++) {
		enum sensor_channel chan = hone_channels[i].chan;

		if (hone_all_axes(chan) != kind) {
			continue;
		}
		/* The names of three axes and of all of them follow one another. */
		frame->micro[i] = has_axes(kind) ? micro(data.axes.readings[0].v[3 - (kind - chan)], data.axes.shift)
						 : micro(data.one.readings[0].value, data.one.shift);
	}

	uint64_t ns = has_axes(kind) ? data.axes.header.base_timestamp_ns + data.axes.readings[0].timestamp_delta
				     : data.one.header.base_timestamp_ns + data.one.readings[0].timestamp_delta;

	frame->cycles = k_ns_to_cyc_near64(ns);
	return 0;
}

/* All readings of a buffer, or why there are none. */
static void give_frames(int result, uint8_t *buffer, uint32_t len, void *userdata)
{
	const struct sensor_decoder_api *decoder;
	struct sensor_chan_spec first = {hone_all_axes(hone_channels[0].chan), 0};
	struct hone_frame frame = {.rc = result < 0 ? result : sensor_get_decoder(sensor, &decoder)};
	uint32_t fit[CONFIG_HONE_CHANNELS] = {0};
	uint16_t count = 1;

	ARG_UNUSED(len);
	ARG_UNUSED(userdata);
	if (frame.rc == 0) {
		frame.rc = decoder->get_frame_count(buffer, first, &count);
	}
	for (uint16_t n = 0; n < count; n++) {
		for (size_t i = 0; i < CONFIG_HONE_CHANNELS && frame.rc == 0; i++) {
			enum sensor_channel kind = hone_all_axes(hone_channels[i].chan);

			if (i == 0 || kind != hone_all_axes(hone_channels[i - 1].chan)) {
				frame.rc = decode(decoder, buffer, kind, &fit[i], &frame);
			}
		}
		if (frame.rc != 0) {
			frame.cycles = k_cycle_get_64();
			hone_sensor_give(&frame);
			return;
		}
		hone_sensor_give(&frame);
	}
}

static void decode_all(void *p1, void *p2, void *p3)
{
	ARG_UNUSED(p1);
	ARG_UNUSED(p2);
	ARG_UNUSED(p3);
	k_sem_take(&begun, K_FOREVER);
	for (;;) {
		sensor_processing_with_callback(&stream, give_frames);
	}
}

K_THREAD_DEFINE(hone_stream, CONFIG_HONE_SENSOR_STREAM_STACK, decode_all, NULL, NULL, NULL, CONFIG_HONE_INFERENCE_PRIORITY - 1, 0,
		0);

int hone_stream_begin(void)
{
	static bool is_begun;
	const struct sensor_driver_api *api = sensor->api;

	/* A driver without streams would be asked again for ever (RTIO of Zephyr 3.7). */
	if (api->submit == NULL || api->get_decoder == NULL) {
		return -ENOTSUP;
	}
	for (size_t i = 0; i < CONFIG_HONE_CHANNELS; i++) {
		if (hone_channels[i].dev != sensor) {
			return -ENOTSUP;
		}
	}
	if (is_begun) {
		return 0;
	}

	int rc = sensor_stream(&first_sensor, &stream, NULL, NULL);

	is_begun = rc == 0;
	k_sem_give(&begun);
	return rc;
}
