#ifndef BASE_HOST_H
#define BASE_HOST_H
/*
 * What a host has: programs by name, people who log in, processes that run. A snapshot for those who have to know what a change would
 * do to it; nothing here is asked while anybody waits. Files of /etc are read themselves, never through NSS.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_PATH	256
#define HOST_PROCESSES	8192	/* looked at, at most */
#define HOST_PEOPLE	64
#define HOST_SHELLS	32

struct host_file {
	char		path[HOST_PATH];	/* links resolved; "" there is no such file */
	uint64_t	dev, ino, size, ctime_ns, mtime_ns;
	uint32_t	uid, gid, mode, links;
	char		filesystem[16];
	uint8_t		sha256[32];
	bool		hashed, gated;		/* gated: on a file system that is asked about */
};

/* A program of the host's, that was started and did not only come out of a fork. Not those in containers. */
struct host_process {
	int32_t		pid, ppid;
	uint32_t	uid, ruid, gid, login;	/* login: UINT32_MAX nobody */
	uint32_t	file;			/* index of its program; HOST_NONE */
	uint32_t	args, args_len;		/* in texts, each ends with NUL */
	bool		forked;			/* runs what its parent runs */
	char		service[64];
};
#define HOST_NONE	UINT32_MAX

/* Somebody who may become root: root, and the members of sudo, wheel and admin. */
struct host_person { uint32_t uid, gid, shell; };	/* shell: index of the file */

struct host {
	struct host_file	*file;		/* first those asked for, in that order */
	size_t			 n_files, room_files, asked;
	struct host_process	*process;	/* by rising pid */
	size_t			 n_processes;
	char			*texts;
	size_t			 n_texts, room_texts;
	struct host_person	 person[HOST_PEOPLE];
	size_t			 n_people;
	uint32_t		 shell[HOST_SHELLS];	/* of /etc/shells: files */
	size_t			 n_shells;
};

struct host_ask {
	const char *const *names;		/* files to look for; NULL among them are passed over */
	size_t		 n_names;
	const char	(*filesystems)[HOST_PATH];	/* mount points that are asked about; NULL: all are */
	size_t		 n_filesystems;
	bool		 hashes;		/* of programs, up to 256 MiB in all */
};

/* 0 or -errno. What cannot be read is left out. */
int	host_collect(struct host *, const struct host_ask *);
void	host_done(struct host *);
/* The process PID, or NULL. */
const struct host_process *host_find(const struct host *, int32_t pid);

#endif
