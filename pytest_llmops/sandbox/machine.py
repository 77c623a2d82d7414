"""The machine's figures as a node exporter shows them: calm by default, each of them to be set by a profile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CALM = {
    "cpus": 4.0,
    "cpu_pct": 20.0,
    "iowait_pct": 1.0,
    "load1": 0.8,
    "memory_bytes": 16e9,
    "memory_pct": 40.0,
    "swap_bytes": 2e9,
    "swap_pct": 0.0,
    "disk_bytes": 200e9,
    "disk_pct": 50.0,
    "inodes_pct": 10.0,
    "disk_busy_pct": 5.0,
    "disk_read_bytes_per_s": 1e6,
    "disk_written_bytes_per_s": 2e6,
    "received_bytes_per_s": 200e3,
    "sent_bytes_per_s": 150e3,
    "network_bytes_per_s": 125e6,
    "bridge_bytes_per_s": 0.0,
    "network_errors_per_s": 0.0,
    "connections": 24.0,
    "open_files": 2000.0,
    "open_files_max": 100_000.0,
    "processes": 90.0,
    "gpu_memory_bytes": 0.0,
    "gpu_memory_used_bytes": 0.0,
    "uptime_s": 864_000.0,
}
"""What can be said of the machine; shares are of 100."""


def check(cases: Mapping[str, Mapping[str, float]]) -> None:
    """See whether a profile names only figures that there are.

    Raises:
        ConfigError: it does not.
    """
    for case, figures in cases.items():
        for name in figures:
            if name not in CALM:
                raise ConfigError(
                    f"sandbox.machine.{case}.{name}: no such figure.{did_you_mean(name, CALM)} "
                    f"Figures: {', '.join(CALM)}."
                )


class Machine:
    """A machine whose counters move as its figures say.

    Args:
        figures: what is other than calm.
        disks: further ones, by what their series are labelled with: each tells its size and what is free of it.
    """

    def __init__(self, figures: Mapping[str, float], disks: Mapping[str, Callable[[], tuple[float, float]]]) -> None:
        self._is = {**CALM, **figures}
        self._disks = disks
        self._began = time.time()

    def exposition(self) -> str:
        """The page of its node exporter, in Prometheus text."""
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        has, now = self._is, time.time()
        up_s = has["uptime_s"] + now - self._began
        yield from self._cpus(up_s)
        for minutes, calmer in ((1, 1.0), (5, 0.95), (15, 0.9)):
            yield from _family(f"node_load{minutes}", "gauge", {"": has["load1"] * calmer})
        total, swap, disk = has["memory_bytes"], has["swap_bytes"], has["disk_bytes"]
        available = total * (1 - has["memory_pct"] / 100)
        inodes, root = disk / 16384, 'device="/dev/vda1",fstype="ext4",mountpoint="/"'
        vda, eth0 = 'device="vda"', 'device="eth0"'
        gauges = {
            "node_memory_MemTotal_bytes": ("", total),
            "node_memory_MemAvailable_bytes": ("", available),
            "node_memory_MemFree_bytes": ("", available * 0.6),
            "node_memory_SwapTotal_bytes": ("", swap),
            "node_memory_SwapFree_bytes": ("", swap * (1 - has["swap_pct"] / 100)),
            "node_filesystem_files": (root, inodes),
            "node_filesystem_files_free": (root, inodes * (1 - has["inodes_pct"] / 100)),
            "node_filefd_allocated": ("", has["open_files"]),
            "node_filefd_maximum": ("", has["open_files_max"]),
            "node_network_speed_bytes": (eth0, has["network_bytes_per_s"]),
            "node_netstat_Tcp_CurrEstab": ("", has["connections"]),
            "node_procs_running": ("", max(1, round(has["load1"]))),
            "node_processes_pids": ("", has["processes"]),
            "node_boot_time_seconds": ("", self._began - has["uptime_s"]),
            "node_time_seconds": ("", now),
        }
        if has["gpu_memory_bytes"]:  # as nvidia_gpu_exporter tells it; without a GPU there is none
            gpu = 'uuid="df6e7a7c"'
            gauges["nvidia_smi_memory_total_bytes"] = gpu, has["gpu_memory_bytes"]
            gauges["nvidia_smi_memory_used_bytes"] = gpu, has["gpu_memory_used_bytes"]
            gauges["nvidia_smi_clocks_current_memory_clock_hz"] = gpu, 6.251e9
        for name, (labels, value) in gauges.items():
            yield from _family(name, "gauge", {labels: value})
        spaces = {root: (disk, disk * (1 - has["disk_pct"] / 100)), **{of: tell() for of, tell in self._disks.items()}}
        yield from _family("node_filesystem_size_bytes", "gauge", {of: size for of, (size, _) in spaces.items()})
        yield from _family("node_filesystem_free_bytes", "gauge", {of: free for of, (_, free) in spaces.items()})
        yield from _family("node_filesystem_avail_bytes", "gauge", {of: free for of, (_, free) in spaces.items()})
        yield from _family("node_filesystem_readonly", "gauge", dict.fromkeys(spaces, 0.0))
        counters = {
            "node_disk_read_bytes_total": (vda, has["disk_read_bytes_per_s"]),
            "node_disk_written_bytes_total": (vda, has["disk_written_bytes_per_s"]),
            "node_disk_io_time_seconds_total": (vda, has["disk_busy_pct"] / 100),
            "node_network_receive_bytes_total": (eth0, has["received_bytes_per_s"]),
            "node_network_transmit_bytes_total": (eth0, has["sent_bytes_per_s"]),
            "node_network_receive_errs_total": (eth0, has["network_errors_per_s"]),
            "node_network_transmit_errs_total": (eth0, has["network_errors_per_s"]),
        }
        bridged = {'device="docker0"': has["bridge_bytes_per_s"] * up_s} if has["bridge_bytes_per_s"] else {}
        for name, (labels, per_s) in counters.items():
            behind = bridged if labels == eth0 and name.endswith("_bytes_total") else {}  # a bridge tells no speed
            yield from _family(name, "counter", {labels: per_s * up_s, **behind})

    def _cpus(self, up_s: float) -> Iterator[str]:
        """Seconds of each processor by mode; together they are the seconds that have gone by."""
        busy, waits = self._is["cpu_pct"] / 100, self._is["iowait_pct"] / 100
        idle = max(0.0, 1 - busy)
        waits = min(waits, idle)
        shares = {"idle": idle - waits, "iowait": waits, "system": busy * 0.3, "user": busy * 0.7}
        samples = {
            f'cpu="{cpu}",mode="{mode}"': share * up_s
            for cpu in range(round(self._is["cpus"]))
            for mode, share in shares.items()
        }
        yield from _family("node_cpu_seconds_total", "counter", samples)


def _family(name: str, kind: str, samples: Mapping[str, float]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}\n"
    for labels, value in samples.items():
        yield f"{name}{{{labels}}} {value:.6f}\n" if labels else f"{name} {value:.6f}\n"
