/*
 * An application that is watched, on the original's library, for the original's apphbd and for ours.
 *
 *   cc -I/usr/include/heartbeat beat.c -o beat -lapphb -lplumb
 *   ./beat NAME BEATS
 */
#include <apphb.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int told(const char *what, int rc)
{
	printf("%s: %s\n", what, rc < 0 ? strerror(errno) : "ok");
	return rc < 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "example";
	int beats = argc > 2 ? atoi(argv[2]) : 5;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (told("register", apphb_register(name, "1")))
		return 1;
	if (told("interval", apphb_setinterval(1000)))
		return 1;
	if (told("warn", apphb_setwarn(500)))
		return 1;
	/* A second registration of one process is refused. */
	told("register again", apphb_register(name, "2"));
	while (beats-- > 0) {
		if (apphb_hb() < 0)
			return told("beat", -1);
		usleep(200000);
	}
	return told("unregister", apphb_unregister());
}
