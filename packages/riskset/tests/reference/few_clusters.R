# Models with few clusters, by R's survival package and glm: two-way sandwiches, CR2, jackknife.
# Usage: Rscript few_clusters.R ROWS.csv ANSWERS.csv
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
tight <- coxph.control(eps = 1e-14, iter.max = 50)
model <- Surv(start, stop, event) ~ x + z

for (weighted in c(FALSE, TRUE)) {
  rows$weight <- if (weighted) rows$w else 1
  name <- if (weighted) "weighted" else "unweighted"
  rows$both <- interaction(rows$country, rows$period, drop = TRUE)
  sandwich <- function(group) {
    rows$group <- group
    fit <- coxph(model, rows, weights = weight, cluster = group, control = tight)
    size <- length(unique(group))
    fit$var * size / (size - 1)
  }
  record(name, "two_way", sandwich(rows$country) + sandwich(rows$period) - sandwich(rows$both))
  record(name, "sandwich", sandwich(rows$country))
  whole <- coef(coxph(model, rows, weights = weight, control = tight))
  groups <- sort(unique(rows$country))
  moves <- sapply(groups, function(g) {
    coef(coxph(model, rows[rows$country != g, ], weights = weight, control = tight)) - whole
  })
  record(name, "jackknife", moves %*% t(moves) * (length(groups) - 1) / length(groups))
}

# CR2 by its definition, row by row and event by event (Breslow's ties).
fit <- coxph(model, rows, ties = "breslow", control = tight)
x <- as.matrix(rows[, c("x", "z")])
risk <- exp(drop(x %*% coef(fit)))
groups <- sort(unique(rows$country))
omega <- lapply(groups, function(g) matrix(0, 2, 2))
score <- lapply(groups, function(g) c(0, 0))
for (t in sort(unique(rows$stop[rows$event == 1]))) {
  there <- rows$start < t & t <= rows$stop
  dies <- rows$event == 1 & rows$stop == t
  hazard <- sum(dies) / sum(risk[there])
  mean <- colSums(x[there, , drop = FALSE] * risk[there]) / sum(risk[there])
  for (i in which(there)) {
    g <- match(rows$country[i], groups)
    away <- x[i, ] - mean
    omega[[g]] <- omega[[g]] + outer(away, away) * risk[i] * hazard
    score[[g]] <- score[[g]] + away * (dies[i] - risk[i] * hazard)
  }
}
bread <- solve(Reduce(`+`, omega))
meat <- matrix(0, 2, 2)
for (g in seq_along(groups)) {
  parts <- eigen(diag(2) - omega[[g]] %*% bread)
  root <- parts$vectors %*% diag(1 / sqrt(parts$values)) %*% solve(parts$vectors)
  meat <- meat + outer(drop(root %*% score[[g]]), drop(root %*% score[[g]]))
}
record("breslow", "cr2", bread %*% meat %*% bread)

# A Poisson model by glm, and a Weibull model by survreg, refitted without each country.
deviate <- function(score, parts, name) {
  # Sandwich and CR2 from scores (rows) and parts of the information (list) by country.
  bread <- solve(Reduce(`+`, parts))
  meat <- matrix(0, ncol(bread), ncol(bread))
  for (g in seq_along(parts)) {
    own <- eigen(diag(ncol(bread)) - parts[[g]] %*% bread)
    root <- own$vectors %*% diag(1 / sqrt(own$values)) %*% solve(own$vectors)
    meat <- meat + outer(drop(root %*% score[g, ]), drop(root %*% score[g, ]))
  }
  record(name, "cr2", Re(bread %*% meat %*% bread))
}
count <- function(d) {
  glm(n ~ x + z, poisson, d, weights = w, control = glm.control(epsilon = 1e-15, maxit = 100))
}
fit <- count(rows)
design <- model.matrix(fit)
mean <- fitted(fit)
score <- rowsum(design * rows$w * (rows$n - mean), rows$country)
parts <- lapply(groups, function(g) {
  own <- rows$country == g
  crossprod(design[own, ] * (rows$w * mean)[own], design[own, ])
})
deviate(score, parts, "poisson")
moves <- sapply(groups, function(g) coef(count(rows[rows$country != g, ])) - coef(fit))
record("poisson", "jackknife", moves %*% t(moves) * (length(groups) - 1) / length(groups))

wait <- function(d) {
  fit <- survreg(Surv(stop, event) ~ x + z, d, dist = "weibull", weights = w,
                 control = survreg.control(rel.tolerance = 1e-13, maxiter = 100))
  c(coef(fit), log(fit$scale))
}
whole <- wait(rows)
moves <- sapply(groups, function(g) wait(rows[rows$country != g, ]) - whole)
record("weibull", "jackknife", moves %*% t(moves) * (length(groups) - 1) / length(groups))
both <- function(group) {
  rows$group <- group
  size <- length(unique(group))
  survreg(Surv(stop, event) ~ x + z, rows, dist = "weibull", weights = w, cluster = group,
          control = survreg.control(rel.tolerance = 1e-13, maxiter = 100))$var * size / (size - 1)
}
rows$both <- interaction(rows$country, rows$period, drop = TRUE)
record("weibull", "two_way", both(rows$country) + both(rows$period) - both(rows$both))
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE)
