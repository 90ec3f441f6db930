/* SPDX-License-Identifier: Apache-2.0 */
/* The replay accelerometer's stream, and what decodes it. */
#include <errno.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/rtio/rtio.h>

#include "stream.h"

/* Bits before the point: values are below 1024 m/s² and °C. */
#define SHIFT 10

void replay_stream_put(struct replay_stream *stream, int rc, uint64_t time_ns, struct replay_reading *reading)
{
	struct replay_fifo *fifo = &stream->fifo;
	struct rtio_iodev_sqe *request = stream->request;
	uint8_t *buffer;
	uint32_t len;

	if (rc == 0) {
		fifo->first_ns = fifo->count == 0 ? time_ns : fifo->first_ns;
		reading->delta_ns = (uint32_t)(time_ns - fifo->first_ns);
		fifo->readings[fifo->count++] = *reading;
		if (fifo->count < REPLAY_WATERMARK) {
			return;
		}
	}
	stream->request = NULL;
	if (request != NULL && rc == 0) {
		rc = rtio_sqe_rx_buf(request, sizeof(*fifo), sizeof(*fifo), &buffer, &len);
		if (rc == 0) {
			memcpy(buffer, fifo, sizeof(*fifo));
		}
	}
	fifo->count = 0;
	if (request != NULL && rc == 0) {
		rtio_iodev_sqe_ok(request, 0);
	} else if (request != NULL) {
		rtio_iodev_sqe_err(request, rc);
	}
}

static bool has(struct sensor_chan_spec channel)
{
	return (channel.chan_type == SENSOR_CHAN_ACCEL_XYZ || channel.chan_type == SENSOR_CHAN_DIE_TEMP) &&
	       channel.chan_idx == 0;
}

static int get_frame_count(const uint8_t *buffer, struct sensor_chan_spec channel, uint16_t *frame_count)
{
	if (!has(channel)) {
		return -ENOTSUP;
	}
	*frame_count = (uint16_t)((const struct replay_fifo *)buffer)->count;
	return 0;
}

static int get_size_info(struct sensor_chan_spec channel, size_t *base_size, size_t *frame_size)
{
	bool axes = channel.chan_type == SENSOR_CHAN_ACCEL_XYZ;

	if (!has(channel)) {
		return -ENOTSUP;
	}
	*base_size = axes ? sizeof(struct sensor_three_axis_data) : sizeof(struct sensor_q31_data);
	*frame_size = axes ? sizeof(struct sensor_three_axis_sample_data) : sizeof(struct sensor_q31_sample_data);
	return 0;
}

/* Thousandths in Q31. */
static q31_t q31(int32_t milli)
{
	return (q31_t)(((int64_t)milli << (31 - SHIFT)) / 1000);
}

static int decode(const uint8_t *buffer, struct sensor_chan_spec channel, uint32_t *fit, uint16_t max_count, void *out)
{
	const struct replay_fifo *fifo = (const struct replay_fifo *)buffer;
	struct sensor_three_axis_data *axes = out;
	struct sensor_q31_data *one = out;
	uint16_t count = 0;

	if (!has(channel)) {
		return -ENOTSUP;
	}
	for (; count < max_count && *fit < fifo->count; count++, (*fit)++) {
		const struct replay_reading *reading = &fifo->readings[*fit];

		if (channel.chan_type == SENSOR_CHAN_DIE_TEMP) {
			one->header.base_timestamp_ns = fifo->first_ns;
			one->header.reading_count = count + 1;
			one->shift = SHIFT;
			one->readings[count].timestamp_delta = reading->delta_ns;
			one->readings[count].temperature = q31(reading->temperature);
			continue;
		}
		axes->header.base_timestamp_ns = fifo->first_ns;
		axes->header.reading_count = count + 1;
		axes->shift = SHIFT;
		axes->readings[count].timestamp_delta = reading->delta_ns;
		for (int axis = 0; axis < 3; axis++) {
			axes->readings[count].values[axis] = q31(reading->axes[axis]);
		}
	}
	return count;
}

static bool has_trigger(const uint8_t *buffer, enum sensor_trigger_type trigger)
{
	ARG_UNUSED(buffer);
	return trigger == SENSOR_TRIG_FIFO_WATERMARK;
}

int replay_get_decoder(const struct device *dev, const struct sensor_decoder_api **decoder)
{
	static const struct sensor_decoder_api api = {
		.get_frame_count = get_frame_count,
		.get_size_info = get_size_info,
		.decode = decode,
		.has_trigger = has_trigger,
	};

	ARG_UNUSED(dev);
	*decoder = &api;
	return 0;
}
