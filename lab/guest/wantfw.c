// SPDX-License-Identifier: MIT
// A module whose init fails without its firmware. Of Debian's modules none does so without its hardware.
#include <linux/err.h>
#include <linux/firmware.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define FIRMWARE "drover/wantfw.bin"

static int __init wantfw_start(void)
{
	struct platform_device *device = platform_device_register_simple("wantfw", -1, NULL, 0);
	const struct firmware *firmware;
	int error;

	if (IS_ERR(device))
		return PTR_ERR(device);
	error = request_firmware(&firmware, FIRMWARE, &device->dev);
	if (!error)
		release_firmware(firmware);
	platform_device_unregister(device);
	return error;
}
module_init(wantfw_start);

static void __exit wantfw_end(void)
{
}
module_exit(wantfw_end);

MODULE_FIRMWARE(FIRMWARE);
MODULE_DESCRIPTION("A module whose init needs firmware");
MODULE_LICENSE("Dual MIT/GPL");
