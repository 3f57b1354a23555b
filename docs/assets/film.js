// Starts a film when it is first seen, unless its reader prefers less motion or saves data. Its controls stay.
document$.subscribe(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData;
  if (still) return;
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      target.play().catch(() => {}); // A browser may refuse; the reader can still press play.
    }
  }, { threshold: 0.5 });
  document.querySelectorAll(".film video").forEach((video) => seen.observe(video));
});
