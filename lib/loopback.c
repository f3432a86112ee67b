// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback.h"

/* Is there a loopback device that is up, or can be turned on? */
static bool try_loopback(bool turn_on)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool up;

	if (fd < 0)
		return false;
	up = !ioctl(fd, SIOCGIFFLAGS, &lo) && lo.ifr_flags & IFF_UP;
	if (!up && turn_on) {
		lo.ifr_flags = IFF_UP;
		up = !ioctl(fd, SIOCSIFFLAGS, &lo);
	}
	close(fd);
	return up;
}

static bool enter_loopback(void)
{
	return try_loopback(false) || (!unshare(CLONE_NEWNET) && try_loopback(true));
}

const char *loopback_missing(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(enter_loopback() ? 0 : 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return "no loopback device that is up: CONFIG_INET=y, and ip link set lo up";
	return NULL;
}

int loopback_listen(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int listener, ret;

	if (!enter_loopback())
		return -ENODEV;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		return -errno;
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 64)) {
		ret = -errno;
		close(listener);
		return ret;
	}
	return listener;
}

int loopback_connect(int listener)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int client, ret;

	if (getsockname(listener, (struct sockaddr *)&address, &len))
		return -errno;
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (client < 0)
		return -errno;
	if (connect(client, (struct sockaddr *)&address, len) ||
	    accept(listener, NULL, NULL) < 0) {
		ret = -errno;
		close(client);
		return ret;
	}
	return client;
}
