#!/bin/sh
/usr/lib/drover/initramfs start
