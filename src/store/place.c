/* Where the database lies: what its file system is known for. */
#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/priv.h"

/* Magic numbers of linux/magic.h and of file systems that are not in it. */
static const struct {
	uint32_t magic;
	const char *name;
} networks[] = {
	{ 0x6969, "NFS" },       { 0x517b, "SMB" },        { 0xfe534d42, "SMB2" },
	{ 0xff534d42, "CIFS" },  { 0x5346414f, "AFS" },    { 0x73757245, "Coda" },
	{ 0x01021997, "9P" },    { 0x00c36400, "Ceph" },   { 0x01161970, "GFS2" },
	{ 0x7461636f, "OCFS2" }, { 0x0bd00bd0, "Lustre" }, { 0xaad7aaea, "PanFS" },
	{ 0x47504653, "GPFS" },  { 0x19830326, "BeeGFS" },
};

bool place_is_network(const char *dir, const char **ret_name)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		if ((uint32_t)fs.f_type == networks[i].magic) {
			*ret_name = networks[i].name;
			return true;
		}
	}
	return false;
}

bool place_has_locks(const char *file)
{
	/* A byte that SQLite does not lock; closing drops only what we have. */
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool has = fd < 0 || fcntl(fd, F_SETLK, &lock) == 0 || errno == EAGAIN || errno == EACCES;

	if (fd >= 0)
		(void)close(fd);
	return has;
}
