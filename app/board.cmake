# SPDX-License-Identifier: Apache-2.0
# What a board brings beyond its own devicetree. Included before find_package(Zephyr), by the application and by the
# test suites that build it.
#
# On a NUCLEO of those that are known here the X-NUCLEO-IKS01A3 shield is taken as plugged in, unless -DSHIELD=... names another, or
# -DSHIELD=none says that there is none.
get_filename_component(HONE_DIR ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
set(hone_board ${BOARD})
if(NOT hone_board)
  set(hone_board $ENV{BOARD})
endif()
if(SHIELD STREQUAL "none")
  set(HONE_NO_SHIELD TRUE CACHE INTERNAL "built without a shield")
  unset(SHIELD CACHE)
  unset(SHIELD)
elseif(NOT DEFINED SHIELD AND NOT HONE_NO_SHIELD AND hone_board MATCHES "^nucleo_(f401re|l476rg|f429zi|h743zi|g0b1re)")
  set(SHIELD x_nucleo_iks01a3)
endif()
if("x_nucleo_iks01a3" IN_LIST SHIELD)
  list(APPEND EXTRA_DTC_OVERLAY_FILE ${HONE_DIR}/boards/shields/x_nucleo_iks01a3.overlay)
endif()
