// Preloaded into a server under test: tells its parent, when asked, what the process has used so far.
process.on("message", (id) => {
  const { user, system } = process.cpuUsage();
  process.send({ id, cpuUs: user + system, residentBytes: process.memoryUsage.rss() });
});
// A loader runs preloads once more in a thread, which has no channel.
process.channel?.unref();
// Nothing that was measured outlives who measured it.
if (process.channel) process.on("disconnect", () => process.exit(1));
