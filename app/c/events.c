/* SPDX-License-Identifier: Apache-2.0 */
/* Has Rust tell of what has happened, every now and then, in the system's work queue. */
#include <zephyr/kernel.h>

#include "hone.h"

/* Where one event was told the next may follow at once; else the processor is left to sleep longer. */
#define SOON K_MSEC(50)
#define LATER K_MSEC(100)

static void tell_events(struct k_work *work)
{
	k_work_reschedule(k_work_delayable_from_work(work), hone_tell_events() ? SOON : LATER);
}

static K_WORK_DELAYABLE_DEFINE(events_work, tell_events);

void hone_events_start(void)
{
	hone_console_watch();
	k_work_reschedule(&events_work, SOON);
}
