#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads the kernel's word on devices is taken in whole. */
#include "watch/uevent.c"

static struct uevent u;

#define READ(s) read_bytes(s, sizeof(s))

static int
read_bytes(const char *s, size_t len)
{
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, s, len);
	int err = uevent_parse(exact, len, &u);
	free(exact);
	return err;
}

static void
facts_are(const char *s)
{
	assert_int_equal(u.facts_len, strlen(s));
	assert_memory_equal(u.facts, s, u.facts_len);
}

#define STICK "/devices/pci0000:00/0000:00:14.0/usb1/1-2"

static void
test_a_stick_is_plugged_in_and_out(void **state)
{
	(void)state;
	assert_int_equal(READ("add@" STICK "\0ACTION=add\0DEVPATH=" STICK "\0SUBSYSTEM=usb\0MAJOR=189\0MINOR=3\0DEVNAME=bus/usb/001/004\0"
	    "DEVTYPE=usb_device\0PRODUCT=781/5567/100\0TYPE=0/0/0\0BUSNUM=001\0DEVNUM=004\0SEQNUM=4711"), 0);
	assert_true(u.added);
	assert_string_equal(u.subsystem, "usb");
	assert_string_equal(u.name, "781/5567/100");
	facts_are("DEVTYPE=usb_device PRODUCT=781/5567/100 TYPE=0/0/0 DEVNAME=bus/usb/001/004 MAJOR=189 MINOR=3 DEVPATH=" STICK);
	assert_int_equal(READ("remove@/x/sdb1\0ACTION=remove\0DEVPATH=/x/sdb1\0SUBSYSTEM=block\0DEVNAME=sdb1\0DEVTYPE=partition\0"
	    "PARTNAME=a b\xff"), 0);
	assert_false(u.added);
	assert_string_equal(u.subsystem, "block");
	assert_string_equal(u.name, "sdb1");
	facts_are("DEVTYPE=partition DEVNAME=sdb1 PARTNAME=a b\xff DEVPATH=/x/sdb1");
}

static void
test_modules_and_interfaces_have_names(void **state)
{
	(void)state;
	assert_int_equal(READ("add@/module/evil\0ACTION=add\0DEVPATH=/module/evil\0SUBSYSTEM=module\0SEQNUM=1"), 0);
	assert_string_equal(u.subsystem, "module");
	assert_string_equal(u.name, "evil");
	assert_int_equal(READ("add@/devices/virtual/net/tun0\0ACTION=add\0DEVPATH=/devices/virtual/net/tun0\0SUBSYSTEM=net\0INTERFACE=tun0"), 0);
	assert_string_equal(u.name, "tun0");
}

static void
test_what_is_not_told(void **state)
{
	(void)state;
	assert_int_equal(READ("change@/b\0ACTION=change\0DEVPATH=/b\0SUBSYSTEM=block"), -ENOMSG);
	assert_int_equal(READ("add@/b\0ACTION=add\0DEVPATH=/b\0SUBSYSTEM=bdi"), -ENOMSG);
	assert_int_equal(READ("add@/b\0ACTION=add\0DEVPATH=/b\0SUBSYSTEM=usb\0DEVTYPE=usb_interface"), -ENOMSG);
	assert_int_equal(READ("add@/b\0ACTION=add\0DEVPATH=/b\0SUBSYSTEM=block\0SYNTH_UUID=0"), -ENOMSG);
}

static void
test_what_is_no_message(void **state)
{
	static char long_one[1024];

	(void)state;
	assert_int_equal(read_bytes("", 0), -EBADMSG);
	assert_int_equal(READ(""), -EBADMSG);
	assert_int_equal(READ("libudev\0\xfe\xed\xca\xfe"), -EBADMSG);
	assert_int_equal(READ("add@/b\0DEVPATH=/b\0SUBSYSTEM=block"), -EBADMSG);
	assert_int_equal(READ("add@/b\0ACTION=add\0SUBSYSTEM=block"), -EBADMSG);
	assert_int_equal(READ("add@/b\0ACTION=add\0DEVPATH=/b"), -EBADMSG);
	assert_int_equal(read_bytes("add@/b\0ACTION=add\0DEVPATH=/b\0SUBSYSTEM=block", 44), -EBADMSG);	/* without its end */
	int n = snprintf(long_one, sizeof(long_one), "add@/b%cACTION=add%cDEVPATH=/b%cSUBSYSTEM=", 0, 0, 0);
	memset(long_one + n, 'x', 64);
	assert_int_equal(read_bytes(long_one, (size_t)n + 65), -EBADMSG);
}

static void
test_long_values_are_bounded(void **state)
{
	static char m[8192];
	int n = snprintf(m, sizeof(m), "add@/b%cACTION=add%cDEVPATH=/b%cSUBSYSTEM=block%cDEVNAME=", 0, 0, 0, 0);

	(void)state;
	memset(m + n, 'n', 4000);
	assert_int_equal(read_bytes(m, (size_t)n + 4001), 0);
	assert_int_equal(strlen(u.name), sizeof(u.name) - 1);
	assert_int_equal(u.facts_len, UEVENT_FACTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stick_is_plugged_in_and_out),
		cmocka_unit_test(test_modules_and_interfaces_have_names),
		cmocka_unit_test(test_what_is_not_told),
		cmocka_unit_test(test_what_is_no_message),
		cmocka_unit_test(test_long_values_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
