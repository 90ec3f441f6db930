/* SPDX-License-Identifier: Apache-2.0 */
/* The replay accelerometer's FIFO, which is given as a whole (sensor_stream). */
#ifndef HONE_REPLAY_STREAM_H_
#define HONE_REPLAY_STREAM_H_

#include <zephyr/drivers/sensor.h>

/* Readings that the FIFO is given at. */
#define REPLAY_WATERMARK 8

struct replay_reading {
	/* Since the first of the FIFO. */
	uint32_t delta_ns;
	/* mm/s², and thousandths of a degree Celsius. */
	int32_t axes[3];
	int32_t temperature;
};

struct replay_fifo {
	uint64_t first_ns;
	uint32_t count;
	struct replay_reading readings[REPLAY_WATERMARK];
};

struct replay_stream {
	struct replay_fifo fifo;
	/* What is filled next; NULL while none is asked for. */
	struct rtio_iodev_sqe *request;
};

#ifdef CONFIG_SENSOR_ASYNC_API
/* Puts a reading of this time into the FIFO, or ends the request with an error. A full FIFO that nobody asked for is dropped. */
void replay_stream_put(struct replay_stream *stream, int rc, uint64_t time_ns, struct replay_reading *reading);
int replay_get_decoder(const struct device *dev, const struct sensor_decoder_api **decoder);
#else
static inline void replay_stream_put(struct replay_stream *stream, int rc, uint64_t time_ns, struct replay_reading *reading)
{
	ARG_UNUSED(stream);
	ARG_UNUSED(rc);
	ARG_UNUSED(time_ns);
	ARG_UNUSED(reading);
}
#endif

#endif
