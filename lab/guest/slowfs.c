// SPDX-License-Identifier: MIT
// A file system whose module takes three seconds to load, as a driver does that waits for its device.
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/module.h>

static int slowfs_fill(struct super_block *sb, struct fs_context *fc)
{
	static const struct tree_descr no_files[] = { { "" } };

	return simple_fill_super(sb, 0x736c6f77, no_files);
}

static int slowfs_get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, slowfs_fill);
}

static const struct fs_context_operations slowfs_operations = { .get_tree = slowfs_get_tree };

static int slowfs_init_context(struct fs_context *fc)
{
	fc->ops = &slowfs_operations;
	return 0;
}

static struct file_system_type slowfs = {
	.owner = THIS_MODULE,
	.name = "slowfs",
	.init_fs_context = slowfs_init_context,
	.kill_sb = kill_litter_super,
};

static int __init slowfs_start(void)
{
	msleep(3000);
	return register_filesystem(&slowfs);
}
module_init(slowfs_start);

static void __exit slowfs_end(void)
{
	unregister_filesystem(&slowfs);
}
module_exit(slowfs_end);

MODULE_ALIAS_FS("slowfs");
MODULE_DESCRIPTION("A file system whose module is slow to load");
MODULE_LICENSE("Dual MIT/GPL");
