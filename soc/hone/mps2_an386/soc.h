/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_SOC_MPS2_AN386_H_
#define HONE_SOC_MPS2_AN386_H_

#include <cmsis_core_m_defaults.h>

#endif
