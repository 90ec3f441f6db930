/* SPDX-License-Identifier: Apache-2.0 */
/* Has Rust tell of what has happened, in the system's work queue. */
#include <zephyr/kernel.h>

#include "hone.h"

/* What happens within this time is told together. */
#define SOON K_MSEC(50)

static void tell_events(struct k_work *work)
{
	ARG_UNUSED(work);
	if (hone_tell_events()) {
		hone_events_soon();
	}
}

static K_WORK_DELAYABLE_DEFINE(events_work, tell_events);

void hone_events_soon(void)
{
	(void)k_work_schedule(&events_work, SOON);
}

void hone_events_start(void)
{
	hone_console_watch();
	hone_events_soon();
}
