# systemd as the first process of namespaces of its own, in a cgroup of its own: without one it would move all processes
# of the machine into a scope of its. The words:
#   start CGROUP FOLDER   with FOLDER's units, below a private /run; to be called in a mount namespace of its own
#   within FOLDER         the same, within all the namespaces
#   end CGROUP            remove the cgroup, once all of its processes are gone; in a mount namespace of its own, too
set -e

case $1 in
start)
    mount -t tmpfs tmpfs /run
    mkdir /run/cgroup
    mount -t cgroup2 cgroup2 /run/cgroup
    mkdir "/run/cgroup/$2"
    echo $$ >"/run/cgroup/$2/cgroup.procs"
    umount /run/cgroup
    exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --mount-proc sh "$0" within "$3"
    ;;
within)
    umount --recursive /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t tmpfs tmpfs /var/log
    mkdir -p /run/systemd/system
    cp "$2"/* /run/systemd/system
    for unit in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
        cp "/lib/systemd/system/$unit" /run/systemd/system
    done
    exec env -i PATH="$PATH" container=rig SYSTEMD_UNIT_PATH=/run/systemd/system \
        /lib/systemd/systemd --system --unit=rig.target --log-target=null --show-status=no
    ;;
end)
    mount -t cgroup2 cgroup2 /mnt
    while ! find "/mnt/$2" -depth -type d -exec rmdir {} +; do sleep 0.05; done
    ;;
esac
