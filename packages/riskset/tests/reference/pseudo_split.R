# Pseudo-values by prodlim, their regression by geepack, split-population models by direct
# maximization, and case-cohort samples by survival's cch on its own data.
# Usage: Rscript pseudo_split.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}
at <- c(4, 8)
if (requireNamespace("prodlim", quietly = TRUE)) {
  library(prodlim)
  fit <- prodlim(Hist(stop, event) ~ 1, rows)
  record("pseudo", "survival", jackknife(fit, times = at))
  fit <- prodlim(Hist(stop, cause) ~ 1, rows)
  record("pseudo", "incidence", jackknife(fit, times = at, cause = 1))
  if (requireNamespace("geepack", quietly = TRUE)) {
    fit <- prodlim(Hist(stop, event) ~ 1, rows)
    values <- jackknife(fit, times = at)
    long <- data.frame(id = rep(rows$id, each = 2), place = factor(rep(1:2, nrow(rows))),
                       x = rep(rows$x, each = 2), y = as.vector(t(values)))
    for (link in c("identity", "cloglog")) {
      long$z <- if (link == "cloglog") 1 - long$y else long$y
      found <- geepack::geese(z ~ place - 1 + x, id = id, data = long, mean.link = link,
                              variance = "gaussian", corstr = "independence",
                              control = geepack::geese.control(epsilon = 1e-10))
      record(link, "coefficient", found$beta)
      record(link, "error", sqrt(diag(found$vbeta)))
    }
  }
}

late <- rows$start > 0
split <- function(case, density, tail, begin) {
  minus <- function(p) {
    share <- plogis(p[1] + p[2] * rows$z)
    mid <- p[3] + p[4] * rows$x
    lived <- function(t) 1 - share + share * tail(t, mid, exp(p[5]))
    -sum(ifelse(rows$event == 1, log(share) + density(rows$stop, mid, exp(p[5])),
                log(lived(rows$stop)))) + sum(log(lived(pmax(rows$start, 1e-9)))[late])
  }
  p <- begin
  for (again in 1:8) {
    found <- optim(p, minus, method = "BFGS", control = list(maxit = 5000, reltol = 1e-15))
    p <- found$par
  }
  record(case, "loglik", -found$value)
  record(case, "coefficient", p)
  record(case, "error", sqrt(diag(solve(optimHess(p, minus)))))
}
split("weibull", function(t, m, s) dweibull(t, 1 / s, exp(m), log = TRUE),
      function(t, m, s) pweibull(t, 1 / s, exp(m), lower.tail = FALSE), c(0.5, 0, 1.5, 0, -0.3))
split("lognormal", function(t, m, s) dlnorm(t, m, s, log = TRUE),
      function(t, m, s) plnorm(t, m, s, lower.tail = FALSE), c(0.5, 0, 1.5, 0, -0.3))

sample <- nwtco[nwtco$rel == 1 | nwtco$in.subcohort, ]
sample$unfavourable <- as.integer(sample$histol == 2)
for (name in c("seqno", "edrel", "rel", "in.subcohort", "stage", "unfavourable", "age"))
  record("sample", name, sample[[name]])
for (method in c("Prentice", "SelfPrentice", "LinYing")) {
  fit <- cch(Surv(edrel, rel) ~ stage + unfavourable + age, sample, subcoh = ~in.subcohort,
             id = ~seqno, cohort.size = 4028, method = method)
  record(tolower(method), "coefficient", coef(fit))
  record(tolower(method), "error", sqrt(diag(fit$var)))
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
