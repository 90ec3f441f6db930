/* SPDX-License-Identifier: Apache-2.0 */
/* Has Rust tell of what has happened, every now and then, in the system's work queue. */
#include <zephyr/kernel.h>

#include "hone.h"

#define PERIOD K_MSEC(50)

static void tell_events(struct k_work *work)
{
	hone_tell_events();
	k_work_reschedule(k_work_delayable_from_work(work), PERIOD);
}

static K_WORK_DELAYABLE_DEFINE(events_work, tell_events);

void hone_events_start(void)
{
	hone_console_watch();
	k_work_reschedule(&events_work, PERIOD);
}
