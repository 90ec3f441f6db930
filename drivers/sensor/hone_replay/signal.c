/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The motor's vibration as a formula in integers: harmonics of the shaft's rotation, gravity, and noise. The fault is
 * a loose foot, which raises the second and third harmonics, and a damaged outer race of the bearing, which rings at
 * every ball that passes.
 */
#include <zephyr/kernel.h>
#include <hone/replay.h>

/* round(16384 sin(2 pi i / 256)) */
static const int16_t sine[256] = {
	0, 402, 804, 1205, 1606, 2006, 2404, 2801, 3196, 3590, 3981, 4370,
	4756, 5139, 5520, 5897, 6270, 6639, 7005, 7366, 7723, 8076, 8423, 8765,
	9102, 9434, 9760, 10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406,
	12665, 12916, 13160, 13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978,
	15137, 15286, 15426, 15557, 15679, 15791, 15893, 15986, 16069, 16143, 16207, 16261,
	16305, 16340, 16364, 16379, 16384, 16379, 16364, 16340, 16305, 16261, 16207, 16143,
	16069, 15986, 15893, 15791, 15679, 15557, 15426, 15286, 15137, 14978, 14811, 14635,
	14449, 14256, 14053, 13842, 13623, 13395, 13160, 12916, 12665, 12406, 12140, 11866,
	11585, 11297, 11003, 10702, 10394, 10080, 9760, 9434, 9102, 8765, 8423, 8076,
	7723, 7366, 7005, 6639, 6270, 5897, 5520, 5139, 4756, 4370, 3981, 3590,
	3196, 2801, 2404, 2006, 1606, 1205, 804, 402, 0, -402, -804, -1205,
	-1606, -2006, -2404, -2801, -3196, -3590, -3981, -4370, -4756, -5139, -5520, -5897,
	-6270, -6639, -7005, -7366, -7723, -8076, -8423, -8765, -9102, -9434, -9760, -10080,
	-10394, -10702, -11003, -11297, -11585, -11866, -12140, -12406, -12665, -12916, -13160, -13395,
	-13623, -13842, -14053, -14256, -14449, -14635, -14811, -14978, -15137, -15286, -15426, -15557,
	-15679, -15791, -15893, -15986, -16069, -16143, -16207, -16261, -16305, -16340, -16364, -16379,
	-16384, -16379, -16364, -16340, -16305, -16261, -16207, -16143, -16069, -15986, -15893, -15791,
	-15679, -15557, -15426, -15286, -15137, -14978, -14811, -14635, -14449, -14256, -14053, -13842,
	-13623, -13395, -13160, -12916, -12665, -12406, -12140, -11866, -11585, -11297, -11003, -10702,
	-10394, -10080, -9760, -9434, -9102, -8765, -8423, -8076, -7723, -7366, -7005, -6639,
	-6270, -5897, -5520, -5139, -4756, -4370, -3981, -3590, -3196, -2801, -2404, -2006,
	-1606, -1205, -804, -402,
};

/* Outer-race defect frequency of a bearing with nine balls (6205-2RS), 3.585 per revolution, in 16.16. */
#define BALL_PASS 234947U

#define HARMONICS 4

/* mm/s², by axis and harmonic: 1, 2, 3 and 7 times the rotation. */
static const int16_t healthy_amplitude[3][HARMONICS] = {
	{420, 130, 60, 90}, {310, 170, 40, 70}, {180, 60, 50, 120},
};
static const int16_t faulty_amplitude[3][HARMONICS] = {
	{520, 610, 330, 110}, {380, 540, 290, 90}, {260, 240, 180, 150},
};
static const uint8_t multiple[HARMONICS] = {1, 2, 3, 7};
static const uint8_t offset[3][HARMONICS] = {
	{0, 40, 90, 13}, {64, 7, 150, 201}, {130, 99, 20, 77},
};
static const int16_t gravity[3] = {147, -98, 9804};
static const int16_t ring[3] = {1500, 1100, 900};

/* Mixes the bits of a step's number: the finaliser of MurmurHash3. */
static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x85ebca6bU;
	x ^= x >> 13;
	x *= 0xc2b2ae35U;
	return x ^ (x >> 16);
}

/* The sum of four uniform numbers, near enough to a normal one: standard deviation 37 mm/s², at most 128. */
static int32_t noise(uint32_t n, int axis)
{
	uint32_t bits = mix(n * 3U + axis);

	return ((int32_t)(bits & 0xff) + (int32_t)((bits >> 8) & 0xff) + (int32_t)((bits >> 16) & 0xff) +
		(int32_t)(bits >> 24) - 510) / 4;
}

int32_t hone_replay_signal(uint32_t n, int32_t late, uint32_t step, int axis, uint32_t fault_permille)
{
	int32_t fault = (int32_t)fault_permille;
	uint32_t angle = n * step + (uint32_t)(((int64_t)late * step) >> 16);
	int32_t sum = 0;

	for (int h = 0; h < HARMONICS; h++) {
		uint8_t phase = (uint8_t)((angle * multiple[h]) >> 24) + offset[axis][h];
		int32_t well = healthy_amplitude[axis][h];

		sum += (well + (faulty_amplitude[axis][h] - well) * fault / 1000) * sine[phase];
	}
	if (fault > 0) {
		uint32_t pass_step = (uint32_t)(((uint64_t)step * BALL_PASS) >> 16);
		uint32_t since = (n * pass_step + (uint32_t)(((int64_t)late * pass_step) >> 16)) >> 16;
		int32_t left = 65535 - (int32_t)since;
		int32_t decay = (left >> 8) * (left >> 8) >> 8;

		sum += (ring[axis] * fault / 1000 * decay >> 8) * sine[(uint8_t)(since >> 6)];
	}
	return gravity[axis] + sum / 16384 + noise(n, axis);
}

int32_t hone_replay_temperature(uint32_t n, bool faulty)
{
	return (faulty ? 58000 : 41000) + noise(n, 0) * 4;
}
