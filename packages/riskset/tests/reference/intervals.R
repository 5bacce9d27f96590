# Models of events known to lie within an interval: Weibull by survreg; splines by a likelihood
# written down on R's own natural splines and maximized by optim. Columns lower, upper, start, x, z.
# Usage: Rscript intervals.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages({library(survival); library(splines)})
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()
record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}
ended <- is.finite(rows$upper)
dated <- rows$lower == rows$upper
upper <- ifelse(ended, rows$upper, NA)
lower <- ifelse(rows$lower > 0, rows$lower, NA)

weibull <- survreg(Surv(lower, upper, type = "interval2") ~ x + z, rows, dist = "weibull",
                   control = survreg.control(rel.tolerance = 1e-12))
record("weibull", "effects", -coef(weibull)[2:3] / weibull$scale)
record("weibull", "shape", 1 / weibull$scale)
record("weibull", "loglik", weibull$loglik[2])
# Effects by the coefficients and the log scale.
own <- cbind(0, -diag(2) / weibull$scale, coef(weibull)[2:3] / weibull$scale)
record("weibull", "errors", sqrt(diag(own %*% vcov(weibull) %*% t(own))))

fit <- function(case, df, entry) {
  middle <- log((rows$lower + rows$upper) / 2)[ended]
  knots <- quantile(middle, seq(0, 1, length.out = df + 1))
  basis <- function(t) {
    if (df == 1) return(cbind(t))
    ns(t, knots = knots[-c(1, df + 1)], Boundary.knots = knots[c(1, df + 1)])
  }
  columns <- function(t) cbind(1, basis(log(t)), rows$x, rows$z)
  low <- columns(ifelse(rows$lower > 0, rows$lower, 1))
  high <- columns(ifelse(ended, rows$upper, 1))
  late <- entry & rows$start > 0
  early <- columns(ifelse(late, rows$start, 1))
  slope <- (columns(exp(log(ifelse(dated, rows$upper, 1)) + 1e-5)) -
              columns(exp(log(ifelse(dated, rows$upper, 1)) - 1e-5))) / 2e-5
  minus <- function(p) {
    first <- ifelse(rows$lower > 0, exp(low %*% p), 0)
    last <- ifelse(ended, exp(high %*% p), Inf)
    s <- (slope %*% p)[dated]
    if (any(s <= 0) || any(last[!dated] <= first[!dated])) return(1e10)
    value <- -first + log(-expm1(first - last))
    value[dated] <- log(s) + (high %*% p)[dated] - log(rows$upper[dated]) - last[dated]
    -sum(value) - sum(exp(early %*% p)[late])
  }
  at <- ifelse(ended, rows$upper, rows$lower)
  line <- qr.solve(cbind(1, unclass(basis(log(at)))), log(at))
  level <- log(sum(ended) / sum(ifelse(ended, (rows$lower + rows$upper) / 2, rows$lower)))
  p <- c(level + line[1], line[-1], 0, 0)
  for (again in 1:6) {
    found <- optim(p, minus, method = "BFGS",
                   control = list(maxit = 2000, reltol = 1e-15, ndeps = rep(1e-5, length(p))))
    p <- found$par
  }
  effects <- df + 2:3
  record(case, "loglik", -found$value)
  record(case, "effects", p[effects])
  hessian <- optimHess(p, minus, control = list(ndeps = rep(1e-3, length(p))))
  record(case, "errors", sqrt(diag(solve(hessian)))[effects])
  at <- c(0.5, 1, 2)
  record(case, "cumulative", exp(cbind(1, basis(log(at)), 0.5, 1) %*% p))
}
fit("late", 1, TRUE)
fit("two", 2, FALSE)
fit("three", 3, TRUE)

# The Cox model: on a grid of looks its likelihood is that of a complementary log-log regression of
# looks, with an effect of each; elsewhere it is maximized over effects and log rises by optim.
periods <- do.call(rbind, lapply(which(rows$grid_upper > 0), function(i) {
  held <- is.finite(rows$grid_upper[i])
  last <- if (held) rows$grid_upper[i] else rows$grid_lower[i]
  if (last == 0) return(NULL)
  data.frame(look = seq_len(last), seen = as.integer(held & seq_len(last) == last),
             x = rows$x[i], z = rows$z[i])
}))
periods <- periods[ave(periods$seen, periods$look, FUN = max) > 0, ]
grid <- glm(seen ~ factor(look) - 1 + x + z, binomial("cloglog"), periods,
            control = glm.control(epsilon = 1e-14, maxit = 100))
record("grid", "effects", coef(grid)[c("x", "z")])
# glm's own covariance is from the expected information; here is the observed.
columns <- model.matrix(grid)
against <- function(p) {
  rate <- exp(drop(columns %*% p))
  -sum(ifelse(periods$seen == 1, log(-expm1(-rate)), -rate))
}
push <- function(p) {
  rate <- exp(drop(columns %*% p))
  -colSums(columns * ifelse(periods$seen == 1, rate / expm1(rate), -rate))
}
bend <- optimHess(coef(grid), against, push)
record("grid", "errors", sqrt(diag(solve(bend)))[match(c("x", "z"), names(coef(grid)))])
record("grid", "loglik", as.numeric(logLik(grid)))
record("grid", "rises", exp(coef(grid)[seq_len(length(coef(grid)) - 2)]))

few <- rows[1:60, ]
few <- few[few$cox_lower < few$cox_upper, ]
ends <- sort(unique(few$cox_upper[is.finite(few$cox_upper)]))
x <- as.matrix(few[, c("x", "z")])
before <- outer(few$cox_lower, ends, ">=")
inside <- outer(few$cox_lower, ends, "<") & outer(few$cox_upper, ends, ">=")
closed <- is.finite(few$cox_upper)
minus <- function(p) {
  risk <- exp(drop(x %*% p[1:2]))
  rise <- exp(p[-(1:2)])
  chance <- risk * drop(inside %*% rise)
  -sum(-risk * drop(before %*% rise) + ifelse(closed, log(-expm1(-chance)), 0))
}
slope <- function(p) {
  risk <- exp(drop(x %*% p[1:2]))
  rise <- exp(p[-(1:2)])
  spent <- risk * drop(before %*% rise)
  chance <- risk * drop(inside %*% rise)
  odds <- ifelse(closed, 1 / expm1(chance), 0)
  -c(colSums(x * (odds * chance - spent)),
     rise * colSums(risk * (inside * odds - before)))
}
p <- c(0, 0, rep(log(1 / length(ends)), length(ends)))
for (again in 1:40) {
  found <- optim(p, minus, slope, method = "BFGS", control = list(maxit = 5000, reltol = 1e-16))
  p <- found$par
}
record("looks", "effects", p[1:2])
record("looks", "loglik", -found$value)
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
